"""How far a group is behind: log end minus committed offset, both asked of the broker.

A client's own lag statistics freeze while a partition is paused, so nothing here asks a worker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from stillframe.consumer.operate.cluster import Cluster, Layout, Place
from stillframe.consumer.operate.families import redrive_group
from stillframe.consumer.operate.quantities import SECOND_MS
from stillframe.schemas.topics import Tier, TopicFamily


class Role(StrEnum):
    """What a topic is to its group."""

    TASKS = "tasks"
    RETRY = "retry"
    DEAD_LETTERS = "dead letters"


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """One partition, in offsets.

    Attributes:
        start, end: of the log.
        committed: ``None`` if the group never committed here: it then starts at the log's beginning.
        due: of a retry topic, how much of the lag has waited for the tier's whole delay, and so is
            due for certain; some of the rest may be too. ``None`` elsewhere, or if unknown.
    """

    partition: int
    start: int
    end: int
    committed: int | None
    due: int | None = None

    @property
    def position(self) -> int:
        """Where a worker that started now would begin."""
        return max(self.start, self.committed or 0)

    @property
    def lag(self) -> int:
        return max(0, self.end - self.position)

    @property
    def deleted(self) -> int:
        """Offsets that retention took before the group had committed them."""
        return max(0, self.start - self.committed) if self.committed is not None else 0


@dataclass(frozen=True, slots=True)
class TopicLag:
    """One topic of a group's family; of a dead-letter topic, the lag is what was not redriven."""

    topic: str
    role: Role
    tier: str | None
    partitions: tuple[PartitionLag, ...]

    @property
    def lag(self) -> int:
        return sum(each.lag for each in self.partitions)

    @property
    def due(self) -> int | None:
        known = [each.due for each in self.partitions if each.due is not None]
        return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class FamilyLag:
    """A task topic and what its group keeps for it."""

    family: TopicFamily
    topics: tuple[TopicLag, ...]

    def lag(self, role: Role) -> int:
        return sum(topic.lag for topic in self.topics if topic.role is role)

    @property
    def due(self) -> int | None:
        known = [topic.due for topic in self.topics if topic.due is not None]
        return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class Offsets:
    """What the broker said of a family's partitions.

    Attributes:
        younger: of retry topics, the first offset that has not yet waited for the tier's whole delay;
            -1 if all have. Empty if the broker cannot tell.
    """

    starts: Mapping[Place, int]
    ends: Mapping[Place, int]
    committed: Mapping[Place, int]
    younger: Mapping[Place, int]


def measure(
    cluster: Cluster, families: Sequence[TopicFamily], layouts: Mapping[str, Layout], now: int
) -> list[FamilyLag]:
    """The lag of each family; topics that do not exist are left out.

    Args:
        layouts: the topics that exist.
        now: epoch milliseconds.

    Raises:
        BrokerUnreachable, Refused: see :class:`Cluster`.
    """
    # The embedded broker answers "no such record" whatever the time.
    when = None if cluster.is_embedded() else now
    return [family_lag(family, _read(cluster, family, layouts, when)) for family in families]


def family_lag(family: TopicFamily, offsets: Offsets) -> FamilyLag:
    """Put together what the broker said. Pure."""
    topics = []
    for name, (role, tier) in _roles(family).items():
        partitions = [_partition_lag(place, offsets) for place in sorted(offsets.ends) if place[0] == name]
        if partitions:
            topics.append(TopicLag(name, role, None if tier is None else tier.name, tuple(partitions)))
    return FamilyLag(family, tuple(topics))


def places(topic: str, layouts: Mapping[str, Layout]) -> list[Place]:
    """The partitions of a topic; none if it does not exist."""
    return [(topic, partition) for partition in range(layouts[topic].partitions)] if topic in layouts else []


def _roles(family: TopicFamily) -> dict[str, tuple[Role, Tier | None]]:
    retries = {topic: (Role.RETRY, tier) for topic, tier in family.retry_topics.items()}
    return {
        family.topic: (Role.TASKS, None),
        **retries,
        family.dead_letter_topic: (Role.DEAD_LETTERS, None),
    }


def _read(cluster: Cluster, family: TopicFamily, layouts: Mapping[str, Layout], now: int | None) -> Offsets:
    """Committed offsets come first: a commit made meanwhile then shows as lag, not as less than none."""
    dead = places(family.dead_letter_topic, layouts)
    alive = [place for topic in family.names[:-1] for place in places(topic, layouts)]
    committed = cluster.committed(family.group, alive) | cluster.committed(redrive_group(family.group), dead)
    waited = (
        {}
        if now is None
        else {
            place: now - tier.seconds * SECOND_MS
            for topic, tier in family.retry_topics.items()
            for place in places(topic, layouts)
        }
    )
    every = alive + dead
    return Offsets(cluster.starts(every), cluster.ends(every), committed, cluster.since(waited))


def _partition_lag(place: Place, offsets: Offsets) -> PartitionLag:
    lag = PartitionLag(place[1], offsets.starts[place], offsets.ends[place], offsets.committed.get(place))
    younger = offsets.younger.get(place)
    if younger is None:
        return lag
    due = (lag.end if younger < 0 else min(younger, lag.end)) - lag.position
    return replace(lag, due=max(0, due))
