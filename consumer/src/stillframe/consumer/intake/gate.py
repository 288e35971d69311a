"""Pauses and resumes single partitions, as their ledgers ask for it. Poll thread only."""

from __future__ import annotations

from collections.abc import Callable, Collection

from confluent_kafka import Consumer, TopicPartition

from stillframe.consumer.events import Event, PartitionPaused, PartitionResumed
from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.intake.pressure import Limits

HELD = "a retry or dead-letter write fails"
DRAINING = "the worker is stopping"
#: Of a topic with one task type; on a shared one its tasks are held back in memory, up to the partition's limits.
BARRED = "circuit breaker"


class Gate:
    """Holds the intake of a partition back, and opens it again."""

    def __init__(
        self, consumer: Consumer, assignment: Assignment, limits: Limits, emit: Callable[[Event], None]
    ) -> None:
        self._consumer = consumer
        self._assignment = assignment
        self._limits = limits
        self._emit = emit
        self._closed = False

    def adjust(self, barred: Collection[str] = ()) -> None:
        """Bring every owned partition into the state that its ledger asks for.

        Args:
            barred: task topics whose tasks, and their retries, are all held back.
        """
        limits = self._limits.among(max(1, len(self._assignment)))
        for partition in self._assignment:
            reason = self._reason(partition, limits, barred)
            if reason is not None and partition.paused is None:
                self._consumer.pause([TopicPartition(partition.topic, partition.number)])
                partition.paused = reason
                if not self._closed:  # a stop pauses all of them, and says so once
                    self._emit(PartitionPaused(partition, reason))
            elif reason is not None:
                partition.paused = reason
            elif partition.paused is not None:
                self._consumer.resume([TopicPartition(partition.topic, partition.number)])
                partition.paused = None
                self._emit(PartitionResumed(partition))

    def close(self) -> None:
        """From now on every partition is paused: the worker polls only to stay in its group."""
        self._closed = True
        self.adjust()

    @property
    def any_paused(self) -> bool:
        return any(partition.paused for partition in self._assignment)

    def _reason(self, partition: Partition, limits: Limits, barred: Collection[str]) -> str | None:
        if self._closed:
            return DRAINING
        if partition.held:
            return HELD
        if partition.family.topic in barred:
            return BARRED
        return limits.exceeded(partition.ledger, paused=partition.paused is not None)
