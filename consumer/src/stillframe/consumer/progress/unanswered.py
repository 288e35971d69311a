"""Commits that are on their way, and what an answer to one makes clean. Pure: no Kafka, no clock."""

from __future__ import annotations

from collections.abc import Collection

from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.progress.ledger import CommitPoint

#: A partition with the read of its ledger that is to be committed.
Dirty = tuple[Partition, CommitPoint]
#: What tells one commit of a partition from another: topic, number, offset, metadata.
Sent = tuple[str, int, int, str]


class Unanswered:
    """What was sent, by all that was sent: place, offset and metadata.

    An answer that finds nothing here is a late one, to a commit that a newer has replaced: it says nothing
    of what is newer, which may yet be refused. Of a partition only the newest commit can make it clean.
    """

    def __init__(self) -> None:
        self._sent: dict[Sent, Dirty] = {}

    def add(self, offsets: Collection[Dirty]) -> None:
        newer = {partition for partition, _ in offsets}
        kept = {sent: dirty for sent, dirty in self._sent.items() if dirty[0] not in newer}
        self._sent = kept | {_key(*dirty): dirty for dirty in offsets}

    def take(self, sent: Sent) -> Dirty | None:
        """What an answer is about; ``None`` if that counts no more."""
        return self._sent.pop(sent, None)

    def __contains__(self, dirty: Dirty) -> bool:
        return self._sent.get(_key(*dirty)) == dirty


def _key(partition: Partition, point: CommitPoint) -> Sent:
    return partition.topic, partition.number, point.offset, point.metadata
