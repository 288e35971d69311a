"""A partition begins anew in the middle of its ownership, for its log is not the one that it was.

Two things do that to a log. A topic is deleted and made anew: offsets count from 0 again, and what the
ledger knows is of records that no longer exist; the client would read on from where it stood, past every
new task below. Or a log is cut short, as an unclean election of a leader does: the client stops there.

In both the old ownership ends as a lost one does (promise I7): what still runs is fenced off. Poll thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from confluent_kafka import Consumer, KafkaException, TopicPartition

from stillframe.consumer.events import (
    ClientTrouble,
    Event,
    PartitionsAssigned,
    PartitionsLost,
    PartitionStopped,
    Warned,
)
from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.intake.partition import LogBounds, Partition
from stillframe.consumer.outcome.settle import Settlement
from stillframe.consumer.progress.commits import Commits
from stillframe.consumer.progress.ledger import Ledger


class Restarts:
    """Begins partitions anew.

    Args:
        incremental: whether the group's protocol assigns incrementally (cooperative, KIP-848).
    """

    def __init__(
        self,
        assignment: Assignment,
        settlement: Settlement,
        commits: Commits,
        emit: Callable[[Event], None],
        *,
        incremental: bool,
    ) -> None:
        self._assignment = assignment
        self._settlement = settlement
        self._commits = commits
        self._emit = emit
        self._incremental = incremental

    def follow(self, consumer: Consumer, logs: Mapping[Partition, LogBounds]) -> None:
        """Begin anew what the logs' bounds call for."""
        for partition, bounds in logs.items():
            found = self._assignment.topic_ids.get(partition.topic)
            partition.topic_id = partition.topic_id or found
            if partition.topic_id != found:
                self._begin(consumer, partition, bounds.start, "was deleted and made anew")
            elif partition.out_of_range and partition.position > bounds.end:
                self._begin(consumer, partition, min(partition.ledger.committable, bounds.end), "was cut short")
            elif partition.out_of_range and partition.position < bounds.start:
                self._count_deleted(partition, bounds.start)

    def _count_deleted(self, partition: Partition, start: int) -> None:
        """Retention was faster. Only an operator may go past what was lost."""
        reason = (
            f"offset {partition.position}: the log begins at {start}: {start - partition.position} offset(s) "
            "were deleted before they were read"
        )
        if partition.stopped != reason:
            partition.stopped = reason
            self._emit(PartitionStopped(partition, reason))

    def _begin(self, consumer: Consumer, old: Partition, start: int, what: str) -> None:
        try:
            self._move(consumer, old, start)
        except KafkaException as error:  # perhaps in the midst of a rebalance: the next look finds it again
            self._emit(ClientTrouble(error.args[0].name(), f"{old} cannot begin anew: {error.args[0].str()}"))
            return
        self._emit(Warned(f"the log of {old} {what}: it is read from offset {start} on"))
        new = self._assignment.add(old.topic, old.number, Ledger(start))
        self._settlement.forget([old])
        self._settlement.take_over([new])
        self._commits.hurry()  # what the group has committed is of the old log
        self._emit(PartitionsLost([old]))
        self._emit(PartitionsAssigned([new]))

    def _move(self, consumer: Consumer, moved: Partition, start: int) -> None:
        """Let the client read from another offset. A seek would not do: it fails where the client has stopped."""
        place = TopicPartition(moved.topic, moved.number, start)
        if self._incremental:
            # Not there: the last try got half way. Without this the client would refuse for ever to let it go again.
            if any((each.topic, each.partition) == (moved.topic, moved.number) for each in consumer.assignment()):
                consumer.incremental_unassign([TopicPartition(moved.topic, moved.number)])
            consumer.incremental_assign([place])
        else:  # an eager group knows only all or nothing: the others go on from where they stand
            others = [each for each in self._assignment if each is not moved]
            consumer.assign([*(TopicPartition(each.topic, each.number, each.position) for each in others), place])
        consumer.resume([TopicPartition(moved.topic, moved.number)])
