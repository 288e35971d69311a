"""How far a group is behind: log end minus committed offset, both asked of the broker.

A client's own lag statistics freeze while a partition is paused, so nothing here asks a worker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from stillframe.consumer.operate.cluster import Cluster, Layout, Place, places
from stillframe.consumer.operate.index import read_index
from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.operate.scan import Range, scan
from stillframe.consumer.operate.source import Source
from stillframe.schemas import InvalidHeaders, Record
from stillframe.schemas.headers import read_delivery_state
from stillframe.schemas.topics import TopicFamily

#: A retry topic with more to look at is not looked at: counting must not cost the broker more than working.
MOST_RECORDS: Final = 50_000
MOST_BYTES: Final = 128 * 2**20


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
        progress: ``None`` if the group never committed here: it then starts at the log's beginning.
    """

    partition: int
    start: int
    end: int
    progress: Progress | None = None

    @classmethod
    def of(cls, partition: int, start: int, end: int, progress: Progress | None) -> PartitionLag:
        """One whose progress is to be believed: what reaches past the log's end is that of a topic deleted since."""
        if progress is None or progress.offset > end:
            return cls(partition, start, end)
        if progress.runs and progress.runs[-1][1] > end:
            progress = Progress(progress.offset, waits=progress.waits)
        return cls(partition, start, end, progress)

    @property
    def committed(self) -> int | None:
        return None if self.progress is None else self.progress.offset

    @property
    def position(self) -> int:
        """Where a worker that started now would begin."""
        return max(self.start, self.committed or 0)

    @property
    def lag(self) -> int:
        return max(0, self.end - self.position)

    @property
    def done(self) -> int:
        """How much of the lag is done all the same: it lies above something that is not."""
        return 0 if self.progress is None else min(self.lag, self.progress.past(self.start).above)

    @property
    def deleted(self) -> int:
        """Offsets that retention took before the group had committed them."""
        return 0 if self.committed is None else max(0, self.start - self.committed)

    def is_done(self, offset: int) -> bool:
        return self.progress is not None and self.progress.includes(offset)


@dataclass(frozen=True, slots=True)
class TopicLag:
    """One topic of a group's family; of a dead-letter topic, done is what was sent back or purged.

    Attributes:
        due: of a retry topic, how much of what is not done has reached its due time; ``None``
            elsewhere, and if there is too much to look at.
    """

    topic: str
    role: Role
    tier: str | None
    partitions: tuple[PartitionLag, ...]
    due: int | None = None

    @property
    def lag(self) -> int:
        return sum(each.lag for each in self.partitions)

    @property
    def unfinished(self) -> int:
        """The lag without what is done."""
        return sum(each.lag - each.done for each in self.partitions)


@dataclass(frozen=True, slots=True)
class FamilyLag:
    """A task topic and what its group keeps for it."""

    family: TopicFamily
    topics: tuple[TopicLag, ...]

    def unfinished(self, role: Role) -> int:
        """What is still to be done in the topics of a role."""
        return sum(topic.unfinished for topic in self.topics if topic.role is role)

    @property
    def due(self) -> int | None:
        """What is due in all retry topics; unknown as soon as it is in one of them."""
        total = 0
        for topic in self.topics:
            if topic.role is Role.RETRY:
                if topic.due is None:
                    return None
                total += topic.due
        return total


@dataclass(frozen=True, slots=True)
class Offsets:
    """What the broker said of a family's partitions."""

    starts: Mapping[Place, int]
    ends: Mapping[Place, int]
    progress: Mapping[Place, Progress]


def measure(
    cluster: Cluster, families: Sequence[TopicFamily], layouts: Mapping[str, Layout], now: int
) -> list[FamilyLag]:
    """The lag of each family; topics that do not exist are left out.

    Args:
        layouts: the topics that exist.
        now: epoch milliseconds.

    Raises:
        BrokerUnreachable, CommandError: see :class:`Cluster` and :func:`scan`.
    """
    measured = [family_lag(family, read_offsets(cluster, family, layouts)) for family in families]
    return [_with_due(cluster, each, now) for each in measured]


def family_lag(family: TopicFamily, offsets: Offsets) -> FamilyLag:
    """Put together what the broker said of offsets. Pure."""
    topics = []
    for name, (role, tier) in roles(family).items():
        partitions = tuple(
            PartitionLag.of(number, offsets.starts[name, number], end, offsets.progress.get((name, number)))
            for (topic, number), end in sorted(offsets.ends.items())
            if topic == name
        )
        if partitions:
            topics.append(TopicLag(name, role, tier, partitions))
    return FamilyLag(family, tuple(topics))


def count_due(records: Iterable[Record], now: int) -> int | None:
    """How many records of a retry topic are due; ``None`` if it is too much to look at. Pure."""
    due = size = 0
    for count, record in enumerate(records, start=1):
        size += len(record.value or b"")
        if count > MOST_RECORDS or size > MOST_BYTES:
            return None
        due += _is_due(record, now)
    return due


def roles(family: TopicFamily) -> dict[str, tuple[Role, str | None]]:
    """What each of a family's topics is, and of a retry topic its tier."""
    retries = {topic: (Role.RETRY, tier.name) for topic, tier in family.retry_topics.items()}
    return {
        family.topic: (Role.TASKS, None),
        **retries,
        family.dead_letter_topic: (Role.DEAD_LETTERS, None),
    }


def read_offsets(cluster: Cluster, family: TopicFamily, layouts: Mapping[str, Layout]) -> Offsets:
    """Commits come first: one made meanwhile then shows as lag, not as less than none."""
    dead = places(family.dead_letter_topic, layouts)
    alive = [place for topic in family.names[:-1] for place in places(topic, layouts)]
    progress = cluster.progress(family.group, alive)
    gone = read_index(cluster, Source.of(family), layouts)
    every = alive + dead
    starts = cluster.starts(every)
    for place in dead:
        if place[1] in gone:
            progress[place] = gone[place[1]].above(starts[place])
    return Offsets(starts, cluster.ends(every), progress)


def _with_due(cluster: Cluster, measured: FamilyLag, now: int) -> FamilyLag:
    topics = [
        replace(topic, due=_due(cluster, topic, now)) if topic.role is Role.RETRY else topic
        for topic in measured.topics
    ]
    return replace(measured, topics=tuple(topics))


def _due(cluster: Cluster, topic: TopicLag, now: int) -> int | None:
    if topic.lag > MOST_RECORDS:
        return None
    waiting = [Range(topic.topic, each.partition, each.position, each.end) for each in topic.partitions]
    with closing(scan(cluster.settings, waiting)) as written:
        by_number = {each.partition: each for each in topic.partitions}
        return count_due((r for r, _ in written if not by_number[r.partition].is_done(r.offset)), now)


def _is_due(record: Record, now: int) -> bool:
    """What the header does not say, or says wrongly, the worker takes up at once."""
    try:
        return (read_delivery_state(record).not_before or 0) <= now
    except InvalidHeaders:
        return True
