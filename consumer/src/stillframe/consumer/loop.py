"""The poll loop: one thread, the only one that touches the Kafka consumer.

Read :meth:`Loop.turn` first: it is the table of contents of the whole engine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from stillframe.consumer.deadlines import Deadlines
from stillframe.consumer.dispatch.desk import cancel
from stillframe.consumer.dispatch.executors import Executors, epoch_milliseconds
from stillframe.consumer.events import (
    AttemptTimedOut,
    CircuitBreakerChanged,
    CommitFailed,
    Draining,
    Event,
    EventLoopBlocked,
    MembershipDoubted,
    MembershipProved,
    PartitionStopped,
    Turned,
    WorkerStopped,
)
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.intake.batch_size import BatchSize
from stillframe.consumer.intake.client_errors import ClientErrors
from stillframe.consumer.intake.gate import Gate
from stillframe.consumer.intake.log_watch import LogWatch
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.intake.rebalance import Rebalance
from stillframe.consumer.intake.receive import Receiver
from stillframe.consumer.intake.restart import Restarts
from stillframe.consumer.last_words import LastWords
from stillframe.consumer.outcome.settle import Settlement
from stillframe.consumer.progress.commits import Commits
from stillframe.consumer.quarantine.marks import judge

#: Seconds that a turn may wait for messages; shorter while a partition waits to be resumed.
PATIENCE = 0.05
PATIENCE_WHILE_PAUSED = 0.005
#: Error codes after which a partition gives no more records until an operator acts.
DEAD_ENDS = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError._BAD_COMPRESSION})

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Stations:
    """The parts that a task passes through, in that order."""

    consumer: Consumer
    errors: ClientErrors
    assignment: Assignment
    batch_size: BatchSize
    receiver: Receiver
    executors: Executors
    settlement: Settlement
    gate: Gate
    commits: Commits
    logs: LogWatch
    restarts: Restarts


class Loop:
    """Polls, dispatches, settles and commits until it is told to stop; then drains."""

    def __init__(self, stations: Stations, emit: Callable[[Event], None]) -> None:
        self._consumer = stations.consumer
        self._errors = stations.errors
        self._assignment = stations.assignment
        self._batch_size = stations.batch_size
        self._receiver = stations.receiver
        self._executors = stations.executors
        self._settlement = stations.settlement
        self._gate = stations.gate
        self._commits = stations.commits
        self._logs = stations.logs
        self._restarts = stations.restarts
        self._emit = emit

    def subscribe(self, rebalance: Rebalance) -> None:
        guarded = self._errors.guarded
        self._consumer.subscribe(
            self._assignment.topics,
            on_assign=guarded(rebalance.assigned),
            on_revoke=guarded(rebalance.revoked),
            on_lost=guarded(rebalance.lost),
        )

    def turn(self) -> None:
        """Once round. The order is chosen so that each step sees what the one before has done."""
        self._keep_the_lease()
        self._dispatch(self._wait())
        self._dispatch(self._fetch())
        self._errors.check()
        self._settlement.tick()
        self._executors.keep_pace()
        self._gate.adjust(self._executors.held_back.barred())
        self._commits.tick(self._consumer, list(self._assignment), time.monotonic())
        self._restarts.follow(self._consumer, self._logs.tick(time.monotonic()))
        self._watch()

    def drain(self, reason: str, deadlines: Deadlines, last_words: LastWords) -> None:
        """Start nothing more, let running tasks end, hand over, commit; see :mod:`~.deadlines`.

        Polling goes on meanwhile, with every partition paused: a worker that drains is still a
        member of its group, and a rebalance may take partitions from it.
        """
        self._emit(Draining(reason))
        self._executors.stop_starting()
        self._gate.close()
        # First of all, so that the broker's reports come in while handlers finish.
        self._settlement.hand_over(list(self._assignment))
        self._commits.every_outcome()  # the last commit may find nobody
        while self._busy() and time.monotonic() < deadlines.drained:
            self.turn()
        last_words.say()
        owned = list(self._assignment)
        now = time.monotonic()
        left = self._settlement.conclude(owned, now, now)
        self._commit_last(owned, deadlines)
        cancel(self._executors.running())
        self._assignment.release(owned)
        self._emit(WorkerStopped(*left))

    def _busy(self) -> bool:
        """In this order: what has stopped running is among the ends, and what has left those is pending."""
        running, ends = self._executors.running(), self._executors.ends
        return bool(running or ends) or self._settlement.pending(list(self._assignment))

    def _commit_last(self, owned: list[Partition], deadlines: Deadlines) -> None:
        """Polling goes on: it brings the answers, and leads through a rebalance, which refuses commits.

        A coordinator that says nothing, or refuses for good, is given up soon; a rebalance may take until the grace
        period is over.
        """
        self._commits.last(self._consumer, owned)
        put_off, heard = self._commits.put_off, time.monotonic()
        while not self._commits.insist(self._consumer, owned, now := time.monotonic()):
            if self._commits.put_off != put_off:
                put_off, heard = self._commits.put_off, now
            if now >= deadlines.committed(heard):
                self._emit(CommitFailed("the last one was not acknowledged in time"))
                return
            self._wait()
            self._errors.check()

    def _keep_the_lease(self) -> None:
        """After a turn that took too long nothing starts until a commit shows that we are still a member."""
        silent = self._executors.turned()
        if silent is not None:
            self._emit(MembershipDoubted(silent))
        if self._executors.asks_for_proof():
            self._commits.prove()
        if self._executors.proved(self._commits.accepted):
            self._emit(MembershipProved())

    def _wait(self) -> list[Message]:
        """Wait for a message; it comes at once, where `consume` would wait for a whole batch."""
        patience = PATIENCE_WHILE_PAUSED if self._gate.any_paused else PATIENCE
        message = self._asked(lambda: self._consumer.poll(patience))
        return [] if message is None else [message]

    def _fetch(self) -> list[Message]:
        """Whatever else is there already, in one call: each call may wait for the interpreter lock."""
        before = self._assignment.ownerships
        most, appetite = self._batch_size.next(), self._executors.appetite()
        if appetite is not None:
            most = min(most, appetite)
        messages = self._asked(lambda: self._consumer.consume(most, 0)) or []
        return messages if self._assignment.ownerships == before else self._without_doubtful(messages, before)

    def _without_doubtful(self, messages: list[Message], before: int) -> list[Message]:
        """A partition was assigned while the batch was being filled: whether its records were fetched
        before or after cannot be told. They are passed over, and read again from where it starts.
        """
        doubtful = {partition for partition in self._assignment if partition.ownership > before}
        sure = [message for message in messages if self._partition(message) not in doubtful]
        for partition in doubtful & set(map(self._partition, messages)):
            position = TopicPartition(partition.topic, partition.number, partition.ledger.committable)
            self._consumer.seek(position)
        return sure

    def _partition(self, message: Message) -> Partition | None:
        return self._assignment.get(message.topic(), message.partition())

    def _asked(self, ask: Callable[[], Answer]) -> Answer | None:
        try:
            return ask()
        except KafkaException as error:
            self._errors(error.args[0])
            return None

    def _dispatch(self, messages: list[Message]) -> None:
        now = epoch_milliseconds()
        arrivals: list[Arrival] = []
        for message in messages:
            partition = self._partition(message)
            if (error := message.error()) is not None:
                self._note(message, error, partition)
            # A batch may still hold records of a partition that was revoked while it was being filled.
            elif partition is not None:
                partition.stopped = None  # whatever it was, as a batch that another replica has whole, it is over
                arrival = self._received(message, partition, now)
                if arrival is not None:
                    arrivals.append(arrival)
        if arrivals:
            self._executors.offer(arrivals)
            for partition in self._assignment:  # only now, for what was promised has a place of its own now
                partition.promised = partition.ledger.promised

    def _received(self, message: Message, partition: Partition, now: int) -> Arrival | None:
        """An arrival, unless it needs no run; what waited when the partition was another's goes on waiting."""
        arrival, ledger = self._receiver.arrival(message, partition, now), partition.ledger
        offset = arrival.record.offset
        self._batch_size.saw(arrival.size)
        if not ledger.receive(offset, arrival.size):
            return None
        if ledger.waiting and (wait := ledger.wait_of(offset)) is not None:
            arrival.go_on(wait)
        if partition.marks:
            arrival.verdict = judge(partition.marks, offset, arrival.record.value)
        return arrival

    def _note(self, message: Message, error: KafkaError, partition: Partition | None) -> None:
        """No record: news of a partition or of the client."""
        if error.code() != KafkaError._PARTITION_EOF:
            self._report(error, partition)
        elif partition is not None:
            partition.read_up_to = message.offset() or 0

    def _report(self, error: KafkaError, partition: Partition | None) -> None:
        """An error in place of a record: of one partition, or of the client."""
        if partition is None or error.code() not in DEAD_ENDS:
            self._errors(error)
        elif partition.stopped is None:
            partition.stopped = f"offset {partition.position}: {error.str()}"
            partition.out_of_range = error.code() == KafkaError._AUTO_OFFSET_RESET
            self._logs.hurry()
            self._emit(PartitionStopped(partition, partition.stopped))

    def _watch(self) -> None:
        """Timeouts, circuit breakers and the pulse."""
        for late in self._executors.overdue():
            self._emit(AttemptTimedOut(late))
        if (blocked := self._executors.blocked()) is not None:
            self._emit(EventLoopBlocked(*blocked))
        if changes := list(self._executors.held_back.changes()):
            self._settlement.note_failing(self._assignment)
            for change in changes:
                self._emit(CircuitBreakerChanged(*change))
        held_back = self._executors.held_back.count()
        self._emit(Turned(list(self._assignment), *self._executors.counts(), held_back))
