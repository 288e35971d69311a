"""Who reads a topic: other consumer groups get what an operator sends there too, and somebody should."""

from __future__ import annotations

from collections.abc import Collection

from stillframe.consumer.operate.cluster import Cluster, Layout, Refused, places
from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.quarantine.companion import companion_of
from stillframe.schemas.topics import TopicFamily


def other_readers(cluster: Cluster, topics: Collection[str], group: str, layouts: dict[str, Layout]) -> list[str]:
    """The groups but this one that have a member on one of the topics, or have committed there.

    Raises:
        BrokerUnreachable, Refused: see :class:`Cluster`.
    """
    where = [place for topic in topics for place in places(topic, layouts)]
    groups = cluster.groups()
    # A companion holds marks for its group's partitions, and reads nothing.
    others = {*groups} - {group, companion_of(group), *map(companion_of, groups)}
    return [
        name
        for name in sorted(others)
        if not cluster.group(name).owners.keys().isdisjoint(where) or cluster.progress(name, where)
    ]


def require_reader(cluster: Cluster, family: TopicFamily, topic: str) -> None:
    """Raise CommandError if the group's workers run, and none of them reads this retry topic.

    Retry topics are told by their names. One whose delay the code has no more stays, and is read by nobody.
    """
    try:
        found = cluster.group(family.group)
    except Refused:
        return  # whoever may not ask has to know
    read = {name for name, _ in found.owners}
    if found.state == "STABLE" and read and topic not in read:
        error = CommandError(
            f"no worker of group {family.group!r} reads {topic}: what is sent there waits for nobody"
        )
        others = [name for name in family.retry_topics if name in read]
        raise hinted(error, f"choose one that is read with --to: {', '.join(others or sorted(read))}")
