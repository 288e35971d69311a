"""What a dead-letter topic holds, which of it still waits, and where to look for some of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from stillframe.consumer.operate.cluster import Cluster, Layout
from stillframe.consumer.operate.dead_letters import DeadLetter, Name, Position
from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.operate.families import redrive_group
from stillframe.consumer.operate.lag import PartitionLag, places
from stillframe.consumer.operate.piles import Filter
from stillframe.consumer.operate.scan import Range, scan
from stillframe.schemas.topics import TopicFamily


@dataclass(frozen=True, slots=True)
class Held:
    """A dead-letter topic as it is at one moment; what is written later is not looked at.

    Attributes:
        partitions: by number; what is done in one was sent back to work.
    """

    family: TopicFamily
    partitions: Mapping[int, PartitionLag]

    @property
    def topic(self) -> str:
        return self.family.dead_letter_topic

    @property
    def redriven(self) -> int:
        """How many of those that are still there were sent back."""
        return sum(each.position - each.start + each.done for each in self.partitions.values())

    def is_meant(self, dead: DeadLetter, chosen: Filter) -> bool:
        """Whether a choice includes a dead letter: what was sent back is meant only by its name."""
        if not chosen.matches(dead):
            return False
        return bool(chosen.names) or not self.partitions[dead.record.partition].is_done(dead.record.offset)

    def ranges(self, names: Collection[Name] = ()) -> list[Range]:
        """What has to be read to find some dead letters, at most one range a partition."""
        found = [(each, *self._within(each, names)) for each in self.partitions.values()]
        return [Range(self.topic, each.partition, start, end) for each, start, end in found if start < end]

    def _within(self, each: PartitionLag, names: Collection[Name]) -> tuple[int, int]:
        positions = [name for name in names if isinstance(name, Position)]
        if not names:
            return each.position, each.end
        if len(positions) < len(names):
            return each.start, each.end  # an id may be anywhere, and may have been sent back before
        offsets = [p.offset for p in positions if p.partition == each.partition]
        offsets = [offset for offset in offsets if each.start <= offset < each.end]
        return (min(offsets), max(offsets) + 1) if offsets else (0, 0)


def held(cluster: Cluster, family: TopicFamily, layouts: Mapping[str, Layout]) -> Held:
    """Look at a family's dead-letter topic.

    Raises:
        CommandError: the topic does not exist.
        BrokerUnreachable, Refused: see :class:`Cluster`.
    """
    topic = family.dead_letter_topic
    require(topic, layouts)
    where = places(topic, layouts)
    progress = cluster.progress(redrive_group(family.group), where)
    starts, ends = cluster.starts(where), cluster.ends(where)
    partitions = {
        place[1]: PartitionLag.of(place[1], starts[place], ends[place], progress.get(place)) for place in where
    }
    return Held(family, partitions)


def search(cluster: Cluster, where: Held, chosen: Filter) -> Iterator[DeadLetter]:
    """The dead letters that a choice means, each partition in its order.

    Raises:
        BrokerUnreachable, CommandError: see :func:`scan`.
    """
    found = dead_letters(cluster, where.ranges(chosen.names))
    return (dead for dead in found if where.is_meant(dead, chosen))


def dead_letters(cluster: Cluster, wanted: Collection[Range]) -> Iterator[DeadLetter]:
    """Every dead letter in some ranges."""
    return (DeadLetter.read(*written) for written in scan(cluster.settings, list(wanted)))


def require(topic: str, layouts: Mapping[str, Layout]) -> None:
    """Raise CommandError if a topic does not exist."""
    if topic not in layouts:
        error = CommandError(f"topic {topic!r} does not exist")
        raise hinted(error, "create it with `stillframe topics apply M:W`")
