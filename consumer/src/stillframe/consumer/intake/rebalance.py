"""What happens when partitions come and go: the three rebalance callbacks, in the poll thread.

Promise I7. Nothing here waits for a thread that needs the poll loop: handlers run in their own
threads, delivery reports come from the producer's, and the last commit is not waited for at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from math import inf
from typing import TypeVar

from confluent_kafka import Consumer, KafkaException, TopicPartition

from stillframe.consumer.errors import FatalClientError
from stillframe.consumer.events import (
    ClientTrouble,
    Event,
    PartitionsAssigned,
    PartitionsLost,
    PartitionsRevoked,
    Warned,
)
from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.intake.partition import LogBounds, Partition
from stillframe.consumer.intake.start import start_at
from stillframe.consumer.outcome.settle import Settlement
from stillframe.consumer.progress.commits import Commits
from stillframe.consumer.progress.ledger import CommitPoint
from stillframe.consumer.quarantine.companion import LookUp
from stillframe.consumer.settings import WorkerSettings

#: Seconds to wait for one answer about offsets, between two questions, and until the worker is given up.
ASK_TIMEOUT = 2.0
ASK_AGAIN_AFTER = 0.2
ASK_FOR = 120.0
#: Seconds beyond the drain for the reports of what was handed over at its end.
REPORT_TIMEOUT = 1.0

Answer = TypeVar("Answer")


class Stopping(Exception):
    """The worker was told to stop while the broker was asked where to start."""


class Rebalance:
    """The callbacks given to ``subscribe``.

    Args:
        look_up: what is known against the records of partitions, by earlier crashes.
        stopping: whether the worker has been told to stop.

    Attributes:
        drained: monotonic time after which no revoke waits for anything: the grace period of a stop is over then,
            and the last commit is due.
    """

    def __init__(
        self,
        assignment: Assignment,
        settlement: Settlement,
        commits: Commits,
        look_up: LookUp,
        emit: Callable[[Event], None],
        settings: WorkerSettings,
        *,
        stopping: Callable[[], bool],
    ) -> None:
        self._assignment = assignment
        self._settlement = settlement
        self._commits = commits
        self._look_up = look_up
        self._emit = emit
        self._drain = settings.drain
        self._incremental = settings.assigns_incrementally
        self._stopping = stopping
        self.drained = inf

    def assigned(self, consumer: Consumer, positions: list[TopicPartition]) -> None:
        """Start each partition at its committed offset, or at the log's beginning if it never had one."""
        try:
            started = [self._start(consumer, position) for position in self._committed(consumer, positions)]
            self._look_up_marks(started)
            self._settlement.take_over(started)
        except Stopping:
            # Nothing is started: those that have a ledger already must not be committed when the client, which
            # takes them without us, has them revoked.
            self._assignment.release(self._owned(positions))
            return  # the loop, told to stop, leaves the group with nothing of these
        assign = consumer.incremental_assign if self._incremental else consumer.assign
        assign([TopicPartition(p.topic, p.number, p.ledger.committable) for p in started])
        # A pause outlives an ownership inside librdkafka: begin anew, the gate pauses what it must in this turn.
        if started:
            consumer.resume([TopicPartition(p.topic, p.number) for p in started])
        self._commits.hurry()
        self._emit(PartitionsAssigned(started))

    def revoked(self, consumer: Consumer, positions: list[TopicPartition]) -> None:
        """Drain, hand over and commit while the partitions are still ours; then let go."""
        leaving = self._owned(positions)
        if not leaving:
            return  # the close after a stop: they were let go before
        until = min(time.monotonic() + self._drain, self.drained)
        left = self._settlement.conclude(leaving, until, min(until + REPORT_TIMEOUT, self.drained))
        self._commits.last(consumer, leaving)
        self._assignment.release(leaving)
        self._emit(PartitionsRevoked(leaving, *left))

    def lost(self, _consumer: Consumer, positions: list[TopicPartition]) -> None:
        """Others own them already: whatever still runs here is fenced off, and nothing is committed."""
        gone = self._owned(positions)
        self._assignment.release(gone)
        self._settlement.forget(gone)
        self._emit(PartitionsLost(gone))

    def _owned(self, positions: list[TopicPartition]) -> list[Partition]:
        found = (self._assignment.get(position.topic, position.partition) for position in positions)
        return [partition for partition in found if partition is not None]

    def _committed(self, consumer: Consumer, positions: list[TopicPartition]) -> list[TopicPartition]:
        def ask() -> list[TopicPartition]:
            answer = consumer.committed(positions, timeout=ASK_TIMEOUT)
            if errors := [position.error for position in answer if position.error is not None]:
                raise KafkaException(errors[0])
            return answer

        return self._asked("committed offsets", ask) if positions else []

    def _start(self, consumer: Consumer, position: TopicPartition) -> Partition:
        committed = None if position.offset < 0 else CommitPoint(position.offset, position.metadata or "")
        start = start_at(committed, lambda: self._bounds(consumer, position))
        if start.ignored is not None:
            where = f"{position.topic}[{position.partition}]"
            self._emit(Warned(f"commit metadata of {where} is ignored: {start.ignored}"))
        partition = self._assignment.add(position.topic, position.partition, start.ledger)
        partition.committed = start.committed
        if start.committed is None:
            partition.topic_id = None  # whichever it is: nothing is known of its log
        return partition

    def _look_up_marks(self, started: Collection[Partition]) -> None:
        """Who is suspected of killing workers, before anything of these partitions runs."""
        if started:
            marks = self._look_up([(partition.topic, partition.number) for partition in started])
            for partition in started:
                partition.marks = marks[partition.topic, partition.number]

    def _bounds(self, consumer: Consumer, position: TopicPartition) -> LogBounds:
        what = f"where {position.topic}[{position.partition}] begins and ends"
        return LogBounds(*self._asked(what, lambda: consumer.get_watermark_offsets(position, timeout=ASK_TIMEOUT)))

    def _asked(self, what: str, ask: Callable[[], Answer]) -> Answer:
        """The broker's answer. It is worth a wait: a partition that is started by guess loses tasks.

        Raises:
            FatalClientError: no answer for two minutes.
            Stopping: the worker was told to stop meanwhile.
        """
        give_up_at = time.monotonic() + ASK_FOR
        while time.monotonic() < give_up_at:
            try:
                return ask()
            except KafkaException as error:
                self._emit(ClientTrouble(str(error), f"asking for {what}"))
            if self._stopping():
                raise Stopping
            time.sleep(ASK_AGAIN_AFTER)  # a coordinator that moves refuses at once, for a second or two
        raise FatalClientError(f"the broker has not told {what} for {ASK_FOR:g} s")
