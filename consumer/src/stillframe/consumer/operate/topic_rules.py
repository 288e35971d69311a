"""What the topics of a task topic and its group should be: the rules, without what there is. Pure.

Settings are those of Kafka's topic configuration: https://kafka.apache.org/documentation/#topicconfigs
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stillframe.consumer.operate.quantities import DAY_MS, SECOND_MS
from stillframe.producer.properties import HEADROOM_BYTES
from stillframe.schemas.topics import Tier, TopicFamily
from stillframe.schemas.wire import MAX_TASK_BYTES

CLEANUP: Final = "cleanup.policy"
RETENTION: Final = "retention.ms"
RETENTION_BYTES: Final = "retention.bytes"
LARGEST: Final = "max.message.bytes"
IN_SYNC: Final = "min.insync.replicas"

UNLIMITED: Final = -1
#: A replication factor that leaves the choice to the broker's default.
BROKER_DEFAULT: Final = -1
TIER_RETENTION_MS: Final = 7 * DAY_MS
DEAD_LETTER_RETENTION_MS: Final = 30 * DAY_MS
#: What the delivery headers may add to a task of maximum size, beyond the task topic's limit.
CAUSE_BYTES: Final = 64 * 1024
#: librdkafka's receive.message.max.bytes, and what a response holds beside a batch.
RECEIVE_DEFAULT: Final = 100_000_000
RESPONSE_BYTES: Final = 512


@dataclass(frozen=True, slots=True)
class Choices:
    """What the code does not say about its topics.

    Attributes:
        partitions: of a task topic that is still to be created.
        replication: its replication factor; the broker's default by default.
        retention_ms: how long a task topic keeps tasks at least; ``None`` leaves it to the broker.
        max_task_bytes: the largest task that is submitted.
    """

    partitions: int = 4
    replication: int = BROKER_DEFAULT
    retention_ms: int | None = None
    max_task_bytes: int = MAX_TASK_BYTES


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as it is.

    Attributes:
        replicas: of the partition that has the fewest.
        settings: its effective configuration; ``None`` if the broker does not tell.
    """

    partitions: int
    replicas: int
    settings: Mapping[str, str] | None

    def number(self, setting: str) -> int | None:
        value = (self.settings or {}).get(setting)
        return None if value is None else int(value)


@dataclass(frozen=True, slots=True)
class Create:
    """Create the topic."""

    partitions: int
    replication: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Floor:
    """The least that a setting should be.

    Attributes:
        least: ``UNLIMITED`` if nothing less than no limit will do.
        safe: the least that is safe; ``None`` if any value is.
    """

    setting: str
    least: int
    safe: int | None
    because: str

    def reached(self, value: int) -> bool:
        return self._reaches(value, self.least)

    def is_safe(self, value: int) -> bool:
        return self.safe is None or self._reaches(value, self.safe)

    def _reaches(self, value: int, least: int) -> bool:
        if self.setting in {RETENTION, RETENTION_BYTES} and value == UNLIMITED:
            return True
        return least != UNLIMITED and value >= least


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one topic should be, at least.

    Attributes:
        is_retry: it is read by the group as well, and should have exactly as many partitions.
    """

    partitions: int
    replication: int
    floors: Sequence[Floor]
    is_retry: bool = False

    @property
    def creation(self) -> Create:
        settings = {CLEANUP: "delete"} | {floor.setting: str(floor.least) for floor in self.floors}
        return Create(self.partitions, self.replication, settings)


def wanted_topics(family: TopicFamily, task_topic: Found | None, choices: Choices) -> dict[str, Wanted]:
    """What each topic of a family should be: the others follow the task topic, as it will be."""
    own = _task_topic(task_topic, choices)
    shared = _following(task_topic, choices)
    tiers = {name: (*_waiting(tier), *shared) for name, tier in family.retry_topics.items()}
    others = {**tiers, family.dead_letter_topic: (*_dead(), *shared)}
    return {family.topic: own} | {
        topic: Wanted(own.partitions, own.replication, floors, topic in tiers) for topic, floors in others.items()
    }


def unreceivable(found: Mapping[str, Found], families: Sequence[TopicFamily], receivable: int) -> Iterator[str]:
    """A warning for each topic that may hold a batch of which the client would read no further.

    A response holds one whole batch at least, however small its own limits are.

    Args:
        receivable: the client's ``receive.message.max.bytes``.
    """
    for topic in (name for family in families for name in (family.topic, *family.retry_topics)):
        largest = found[topic].number(LARGEST) if topic in found else None
        if largest is not None and largest + RESPONSE_BYTES > receivable:
            yield (
                f"{topic} takes batches of {largest} bytes ({LARGEST}), and this worker stops at one that is larger "
                f"than receive.message.max.bytes, {receivable}: raise that to {largest + RESPONSE_BYTES} at least"
            )


def _task_topic(found: Found | None, choices: Choices) -> Wanted:
    floors = [Floor(LARGEST, _largest_task(choices), safe=None, because="a task of maximum size must fit")]
    if choices.retention_ms is not None:
        floors.append(Floor(RETENTION, choices.retention_ms, safe=None, because="that was asked for"))
    if found is None:
        return Wanted(choices.partitions, choices.replication, floors)
    return Wanted(found.partitions, found.replicas, floors)


def _waiting(tier: Tier) -> tuple[Floor, ...]:
    """Records wait here unfinished: whatever deletes one loses a task."""
    least = max(TIER_RETENTION_MS, 10 * tier.seconds * SECOND_MS)
    return (
        Floor(RETENTION, least, safe=least, because="tasks that wait here longer are deleted"),
        Floor(RETENTION_BYTES, UNLIMITED, safe=UNLIMITED, because="tasks beyond it are deleted"),
    )


def _dead() -> tuple[Floor, ...]:
    """Dead is an outcome: what is deleted here was given up already."""
    return (
        Floor(RETENTION, DEAD_LETTER_RETENTION_MS, safe=None, because="older dead letters are deleted"),
        Floor(RETENTION_BYTES, UNLIMITED, safe=None, because="dead letters beyond it are deleted"),
    )


def _following(task_topic: Found | None, choices: Choices) -> tuple[Floor, ...]:
    """What retry and dead-letter topics take over from the task topic, as it is and as it will be."""
    now = 0 if task_topic is None else (task_topic.number(LARGEST) or 0)
    then = max(now, _largest_task(choices))
    because = "a task of maximum size must fit with its cause headers"
    largest = Floor(LARGEST, then + CAUSE_BYTES, safe=now + CAUSE_BYTES, because=because)
    in_sync = None if task_topic is None else task_topic.number(IN_SYNC)
    if in_sync is None:
        return (largest,)
    because = "a write here must be as safe as one in the task topic"
    return largest, Floor(IN_SYNC, in_sync, safe=in_sync, because=because)


def _largest_task(choices: Choices) -> int:
    return choices.max_task_bytes + HEADROOM_BYTES
