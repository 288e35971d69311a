"""Commits by hand: what the ledgers allow, acknowledged before it counts. Poll thread only."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from stillframe.consumer.events import CommitFailed, Committed, Event, Warned
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.progress.commit import CommitClock, CommitPolicy
from stillframe.consumer.progress.ledger import CommitPoint
from stillframe.consumer.progress.metadata import MOST_CHARACTERS

#: Each position with its error, or the error of the whole request.
Answer = list[TopicPartition] | Exception

#: A partition with the read of its ledger that is to be committed.
Dirty = tuple[Partition, CommitPoint]

TOO_LARGE: Final = KafkaError.OFFSET_METADATA_TOO_LARGE
#: Fewer characters of metadata than this are not worth a commit that may be refused.
FEWEST_CHARACTERS: Final = 60


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
        self._characters = MOST_CHARACTERS  # of metadata, as far as the broker is known to take them
        self._too_large = False

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
        offsets = self._dirty(partitions)
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
            self._refused(str(error), error)
            return
        self._refused_each(positions)
        done = []
        for position in positions:
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
        offsets = self._dirty(partitions)
        if offsets and not self._book(offsets, _commit(consumer, offsets)) and self._too_large:
            self.final(consumer, partitions)  # there is no next tick that would send less of it

    def final_within(self, consumer: Consumer, partitions: Collection[Partition], timeout: float) -> bool:
        """As :meth:`final`, for a stop: if the broker is gone librdkafka blocks for 45 s (measured).

        The call is the only one that leaves the poll thread, which does nothing else with the
        consumer until it returns or is given up.
        """
        offsets = self._dirty(partitions)
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
            self._refused(str(answer), *answer.args[:1])
            return False
        refused = {(p.topic, p.partition) for p in answer if p.error is not None}
        done = [pair for pair in offsets if (pair[0].topic, pair[0].number) not in refused]
        for partition, point in done:
            partition.committed = point
        self._refused_each(answer)
        self._emit(Committed([partition for partition, _ in done]))
        return not refused

    def _dirty(self, partitions: Collection[Partition]) -> list[Dirty]:
        """Owned partitions whose ledger is ahead of what the broker has, each with one read of it."""
        if self._too_large:
            self._shorten()
        read = [(each, each.ledger.commit_point(self._characters)) for each in partitions if each.owned]
        return [(partition, point) for partition, point in read if point != partition.committed]

    def _refused(self, what: str, error: object = None) -> None:
        """It stays dirty; what was too large for the broker goes out again, shorter, with the next tick."""
        self._emit(CommitFailed(what))
        if isinstance(error, KafkaError) and error.code() == TOO_LARGE and self._characters:
            self._too_large = True
            self._clock.hurry()

    def _refused_each(self, positions: list[TopicPartition]) -> None:
        for each in positions:
            if each.error is not None:
                self._refused(f"{each.topic}[{each.partition}]: {each.error}", each.error)

    def _shorten(self) -> None:
        """Once for each refused request, however many of its partitions were too large."""
        self._too_large = False
        half = self._characters // 2
        self._characters = half if half >= FEWEST_CHARACTERS else 0
        self._emit(
            Warned(
                f"the broker refuses commit metadata of this size: from now on {self._characters} characters. "
                "After a crash more tasks run again, and strict retries may begin anew: "
                "raise the broker's offset.metadata.max.bytes to its default of 4096"
            )
        )


def _commit(consumer: Consumer, offsets: list[Dirty]) -> Answer:
    """The broker's answer, or why there is none."""
    try:
        return consumer.commit(offsets=[_position(*pair) for pair in offsets], asynchronous=False)
    except KafkaException as error:
        return error


def _position(partition: Partition, point: CommitPoint) -> TopicPartition:
    return TopicPartition(partition.topic, partition.number, point.offset, point.metadata)
