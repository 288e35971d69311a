"""What a dead-letter topic holds, and which of it has to be read to find some dead letters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from stillframe.consumer.operate.cluster import Cluster, Layout
from stillframe.consumer.operate.dead_letters import DeadLetter, Name, Position
from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.operate.families import redrive_group
from stillframe.consumer.operate.lag import PartitionLag, places
from stillframe.consumer.operate.scan import Range, scan
from stillframe.schemas.topics import TopicFamily


def held(cluster: Cluster, family: TopicFamily, layouts: Mapping[str, Layout]) -> list[PartitionLag]:
    """The partitions of a dead-letter topic; their lag is what no run over everything has redriven.

    Raises:
        CommandError: the topic does not exist.
    """
    topic = family.dead_letter_topic
    require(topic, layouts)
    where = places(topic, layouts)
    remembered = cluster.committed(redrive_group(family.group), where)
    starts, ends = cluster.starts(where), cluster.ends(where)
    return [PartitionLag(place[1], starts[place], ends[place], remembered.get(place)) for place in where]


def ranges(family: TopicFamily, partitions: Iterable[PartitionLag], names: Collection[Name] = ()) -> list[Range]:
    """What has to be read to find some dead letters, at most one range a partition. Pure.

    Named ones may have been redriven before: for those the search goes back to the log's beginning.
    """
    topic = family.dead_letter_topic
    if not names:
        return [Range(topic, each.partition, each.position, each.end) for each in partitions]
    positions = [name for name in names if isinstance(name, Position)]
    if len(positions) < len(names):
        return [Range(topic, each.partition, each.start, each.end) for each in partitions]
    found = []
    for each in partitions:
        offsets = [p.offset for p in positions if p.partition == each.partition and each.start <= p.offset < each.end]
        if offsets:
            found.append(Range(topic, each.partition, min(offsets), max(offsets) + 1))
    return found


def dead_letters(cluster: Cluster, wanted: Sequence[Range]) -> Iterator[DeadLetter]:
    """The dead letters in some ranges.

    Raises:
        BrokerUnreachable, CommandError: see :func:`scan`.
    """
    return (DeadLetter.read(*written) for written in scan(cluster.settings, wanted))


def require(topic: str, layouts: Mapping[str, Layout]) -> None:
    """Raise CommandError if a topic does not exist."""
    if topic not in layouts:
        error = CommandError(f"topic {topic!r} does not exist")
        raise hinted(error, "create it with `stillframe topics apply M:W`")
