"""What a dead-letter topic holds, which of it still waits, and where to look for some of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from stillframe.consumer.operate.choice import Choice
from stillframe.consumer.operate.cluster import Cluster, Layout, places
from stillframe.consumer.operate.dead_letters import DeadLetter, Name, Position
from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.operate.gone import Gone, Kind
from stillframe.consumer.operate.index import read_index
from stillframe.consumer.operate.lag import PartitionLag
from stillframe.consumer.operate.scan import Range, scan
from stillframe.consumer.operate.source import Source

NOTHING: Final = Gone.nothing()


@dataclass(frozen=True, slots=True)
class Held:
    """A dead-letter topic as it is at one moment; what is written later is not looked at.

    Attributes:
        partitions: by number; what is done in one no longer waits.
        gone: by number, what of it was sent back and what purged.
    """

    source: Source
    partitions: Mapping[int, PartitionLag]
    gone: Mapping[int, Gone] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        return self.source.topic

    def count(self, kind: Kind) -> int:
        """How many of those that are still in the log no longer wait for this reason."""
        return sum(
            max(0, min(end, each.end) - max(start, each.start))
            for each in self.partitions.values()
            for start, end in self._gone(each.partition).runs(kind)
        )

    def is_meant(self, dead: DeadLetter, chosen: Choice) -> bool:
        """Whether a choice includes a dead letter: what was sent back is meant only by its name, what was
        purged not even so."""
        if not chosen.matches(dead) or not self._is_ours(dead):
            return False
        gone = self._gone(dead.record.partition)
        if dead.record.offset in gone.purged:
            return False
        return bool(chosen.names) or dead.record.offset not in gone.redriven

    def ranges(self, names: Collection[Name] = ()) -> list[Range]:
        """What has to be read to find some dead letters, at most one range a partition."""
        found = [(each, *self._within(each, names)) for each in self.partitions.values()]
        return [Range(self.topic, each.partition, start, end) for each, start, end in found if start < end]

    def _is_ours(self, dead: DeadLetter) -> bool:
        """Another system's dead-letter topic may hold those of several groups; not all say of which."""
        return self.source.family is not None or dead.group in {None, self.source.group}

    def _gone(self, partition: int) -> Gone:
        return self.gone.get(partition, NOTHING)

    def _within(self, each: PartitionLag, names: Collection[Name]) -> tuple[int, int]:
        positions = [name for name in names if isinstance(name, Position)]
        if not names:
            return each.position, each.end
        if len(positions) < len(names):
            return each.start, each.end  # an id may be anywhere, and may have been sent back before
        offsets = [p.offset for p in positions if p.partition == each.partition]
        offsets = [offset for offset in offsets if each.start <= offset < each.end]
        return (min(offsets), max(offsets) + 1) if offsets else (0, 0)


def held(cluster: Cluster, source: Source, layouts: Mapping[str, Layout]) -> Held:
    """Look at a dead-letter topic.

    Raises:
        CommandError: the topic does not exist.
        BrokerUnreachable, Refused: see :class:`Cluster`.
    """
    if source.topic not in layouts and source.family is None:
        raise hinted(CommandError(f"topic {source.topic!r} does not exist"), "correct --dead-letter-topic")
    require(source.topic, layouts)
    gone = read_index(cluster, source, layouts)
    where = places(source.topic, layouts)
    starts, ends = cluster.starts(where), cluster.ends(where)
    partitions = {
        place[1]: PartitionLag.of(
            place[1],
            starts[place],
            ends[place],
            gone[place[1]].above(starts[place]) if place[1] in gone else None,
        )
        for place in where
    }
    return Held(source, partitions, gone)


def wanted_ranges(cluster: Cluster, where: Held, chosen: Choice) -> list[Range]:
    """What has to be read to find what a choice means: nothing that was certainly written too early for it."""
    ranges = where.ranges(chosen.names)
    if chosen.since is None or not ranges:
        return ranges
    starts = cluster.offsets_at([(each.topic, each.partition) for each in ranges], chosen.since)
    later = [each.beginning_at(starts[each.topic, each.partition]) for each in ranges]
    return [each for each in later if each.start < each.end]


def search(cluster: Cluster, where: Held, chosen: Choice) -> Iterator[DeadLetter]:
    """The dead letters that a choice means, each partition in its order.

    Raises:
        BrokerUnreachable, CommandError: see :func:`scan`.
    """
    found = dead_letters(cluster, wanted_ranges(cluster, where, chosen))
    return (dead for dead in found if where.is_meant(dead, chosen))


def dead_letters(cluster: Cluster, wanted: Collection[Range]) -> Iterator[DeadLetter]:
    """Every dead letter in some ranges."""
    with closing(scan(cluster.settings, list(wanted))) as written:
        for record, died_at in written:
            yield DeadLetter.read(record, died_at)


def require(topic: str, layouts: Mapping[str, Layout]) -> None:
    """Raise CommandError if a topic does not exist."""
    if topic not in layouts:
        error = CommandError(f"topic {topic!r} does not exist")
        raise hinted(error, "create it with `stillframe topics apply M:W`")
