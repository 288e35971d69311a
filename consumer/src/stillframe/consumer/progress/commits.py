"""Commits by hand: what the ledgers allow, acknowledged before it counts. Poll thread only."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from stillframe.consumer.events import CommitFailed, Committed, Event
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.progress.commit import CommitClock, CommitPolicy
from stillframe.consumer.progress.ledger import CommitPoint

#: Each position with its error, or the error of the whole request.
Answer = list[TopicPartition] | Exception

#: A partition with the read of its ledger that is to be committed.
Dirty = tuple[Partition, CommitPoint]


class Commits:
    """Commits the owned partitions' ledgers.

    A partition is clean only when the broker has acknowledged the very offset that was read from
    its ledger. Every error leaves it dirty: the next tick commits again, if it is still ours then.
    A commit refused during somebody else's rebalance is no reason to stop.
    """

    def __init__(self, policy: CommitPolicy, emit: Callable[[Event], None]) -> None:
        self._clock = CommitClock(policy, time.monotonic())
        self._emit = emit
        self._in_flight: dict[tuple[str, int], Dirty] = {}

    def count(self, outcomes: int) -> None:
        self._clock.count(outcomes)

    def hurry(self) -> None:
        """Commit with the next tick: a partition that never had a commit must not start without one twice."""
        self._clock.hurry()

    def tick(self, consumer: Consumer, partitions: Collection[Partition]) -> None:
        """Send a commit if one is due; :meth:`acknowledged` hears of it from a later poll."""
        now = time.monotonic()
        if not self._clock.due(now):
            return
        offsets = _dirty(partitions)
        if not offsets:
            self._clock.skipped(now)
            return
        self._in_flight = {(dirty[0].topic, dirty[0].number): dirty for dirty in offsets}
        try:
            consumer.commit(offsets=[_position(*pair) for pair in offsets], asynchronous=True)
        except KafkaException as error:
            self._clock.skipped(now)
            self._emit(CommitFailed(str(error)))
        else:
            self._clock.sent(now)

    def acknowledged(self, error: KafkaError | None, positions: list[TopicPartition]) -> None:
        """librdkafka's ``on_commit``: runs in the poll thread."""
        self._clock.answered()
        if error is not None:
            self._emit(CommitFailed(str(error)))
            return
        done = []
        for position in positions:
            if position.error is not None:
                self._emit(CommitFailed(f"{position.topic}[{position.partition}]: {position.error.str()}"))
            sent = self._in_flight.get((position.topic, position.partition))
            # Revoked since: whoever owns it now commits for itself. Another offset: a late answer to an older one.
            if position.error is None and sent is not None and sent[0].owned and position.offset == sent[1].offset:
                sent[0].committed = sent[1]
                done.append(sent[0])
        if done:
            self._emit(Committed(done))

    def final(self, consumer: Consumer, partitions: Collection[Partition]) -> None:
        """Commit and wait for the broker's answer: the last act of an ownership, in a rebalance callback.

        In this very thread: the client serves no other one while it is inside a rebalance callback
        (measured: a commit from there waits until the callback is over). Without a bound of ours:
        there is a rebalance because the coordinator has just spoken to us.
        """
        offsets = _dirty(partitions)
        if offsets:
            self._book(offsets, _commit(consumer, offsets))

    def final_within(self, consumer: Consumer, partitions: Collection[Partition], timeout: float) -> bool:
        """As :meth:`final`, for a stop: if the broker is gone librdkafka blocks for 45 s (measured).

        The call is the only one that leaves the poll thread, which does nothing else with the
        consumer until it returns or is given up.
        """
        offsets = _dirty(partitions)
        if not offsets:
            return True
        answers: list[Answer] = []
        thread = threading.Thread(
            target=lambda: answers.append(_commit(consumer, offsets)),
            name="stillframe-final-commit",
            daemon=True,
        )
        thread.start()
        thread.join(timeout)
        silence = TimeoutError("the group coordinator does not answer")
        return self._book(offsets, answers[0] if answers else silence)

    def _book(self, offsets: list[Dirty], answer: Answer) -> bool:
        """Mark what the broker has taken; False if anything was refused."""
        if isinstance(answer, Exception):
            self._emit(CommitFailed(str(answer)))
            return False
        refused = {(p.topic, p.partition): p.error for p in answer if p.error is not None}
        done = [pair for pair in offsets if (pair[0].topic, pair[0].number) not in refused]
        for partition, point in done:
            partition.committed = point
        for error in refused.values():
            self._emit(CommitFailed(str(error)))
        self._emit(Committed([partition for partition, _ in done]))
        return not refused


def _commit(consumer: Consumer, offsets: list[Dirty]) -> Answer:
    """The broker's answer, or why there is none."""
    try:
        return consumer.commit(offsets=[_position(*pair) for pair in offsets], asynchronous=False)
    except KafkaException as error:
        return error


def _dirty(partitions: Collection[Partition]) -> list[Dirty]:
    """Owned partitions whose ledger is ahead of what the broker has, each with one read of it."""
    read = [(partition, partition.ledger.commit_point()) for partition in partitions if partition.owned]
    return [(partition, point) for partition, point in read if point != partition.committed]


def _position(partition: Partition, point: CommitPoint) -> TopicPartition:
    return TopicPartition(partition.topic, partition.number, point.offset, point.metadata)
