"""Which partitions this worker owns. Touched by the poll thread only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.progress.ledger import Ledger
from stillframe.schemas.topics import Tier, TopicFamily


class Assignment:
    """The owned partitions, and what their topics are to us."""

    def __init__(self, families: Iterable[TopicFamily]) -> None:
        self._roles: dict[str, tuple[TopicFamily, Tier | None]] = {}
        for family in families:
            self._roles[family.topic] = (family, None)
            self._roles |= {topic: (family, tier) for topic, tier in family.retry_topics.items()}
        self._owned: dict[tuple[str, int], Partition] = {}
        #: How many ownerships there have been: each partition's own number, rising.
        self.ownerships = 0
        #: Of each topic, as the broker last said: a topic that is deleted and made anew has another one.
        self.topic_ids: dict[str, str] = {}

    @property
    def topics(self) -> list[str]:
        """What to subscribe to: every task topic with its retry topics."""
        return list(self._roles)

    def add(self, topic: str, number: int, ledger: Ledger) -> Partition:
        """A new ownership; whatever is left of an earlier one is fenced off."""
        self.release([partition] if (partition := self._owned.get((topic, number))) else [])
        family, tier = self._roles[topic]
        self.ownerships += 1
        partition = Partition(topic, number, family, tier, ledger, ownership=self.ownerships)
        partition.topic_id = self.topic_ids.get(topic)
        self._owned[topic, number] = partition
        return partition

    def get(self, topic: str | None, number: int | None) -> Partition | None:
        return self._owned.get((topic or "", -1 if number is None else number))

    def release(self, partitions: Iterable[Partition]) -> None:
        for partition in partitions:
            partition.owned = False
            self._owned.pop((partition.topic, partition.number), None)

    def __iter__(self) -> Iterator[Partition]:
        return iter(tuple(self._owned.values()))

    def __len__(self) -> int:
        return len(self._owned)
