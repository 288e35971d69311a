"""Which other consumer groups read a topic: they too get what an operator sends there."""

from __future__ import annotations

from collections.abc import Collection

from stillframe.consumer.operate.cluster import Cluster, Layout, places
from stillframe.consumer.quarantine.companion import companion_of


def other_readers(cluster: Cluster, topics: Collection[str], group: str, layouts: dict[str, Layout]) -> list[str]:
    """The groups but this one that have a member on one of the topics, or have committed there.

    Raises:
        BrokerUnreachable, Refused: see :class:`Cluster`.
    """
    where = [place for topic in topics for place in places(topic, layouts)]
    others = [name for name in cluster.groups() if name not in {group, companion_of(group)}]
    return [
        name
        for name in sorted(others)
        if not cluster.group(name).owners.keys().isdisjoint(where) or cluster.progress(name, where)
    ]
