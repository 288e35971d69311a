"""Commits by hand: what the ledgers allow, acknowledged before it counts. Poll thread only."""

from __future__ import annotations

from collections.abc import Callable, Collection
from math import inf
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from stillframe.consumer.dispatch.lease import lease_clock
from stillframe.consumer.events import CommitFailed, Committed, Event, Warned
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.progress.commit import CommitClock, CommitPolicy
from stillframe.consumer.progress.ledger import CommitPoint
from stillframe.consumer.progress.metadata import MOST_CHARACTERS
from stillframe.consumer.progress.unanswered import Dirty, Unanswered

TOO_LARGE: Final = KafkaError.OFFSET_METADATA_TOO_LARGE
#: While a group rebalances: the same commit is taken once this member has joined again.
PASSING: Final = frozenset({
    KafkaError.REBALANCE_IN_PROGRESS, KafkaError.ILLEGAL_GENERATION, KafkaError.STALE_MEMBER_EPOCH,
})  # fmt: skip
#: Seconds between two tries of a last commit that is refused.
INSIST_EVERY: Final = 0.05
#: Fewer characters of metadata than this are not worth a commit that may be refused.
FEWEST_CHARACTERS: Final = 60


class Commits:
    """Commits the owned partitions' ledgers; never waits for an answer.

    A partition is clean only when the broker has acknowledged the very read of its ledger that was
    sent. Every error leaves it dirty: the next tick commits again, if it is still ours then.
    A commit refused during somebody else's rebalance is no reason to stop.
    """

    def __init__(self, policy: CommitPolicy, emit: Callable[[Event], None], now: float) -> None:
        self._clock = CommitClock(policy, now)
        self._emit = emit
        self._unanswered = Unanswered()
        self._characters = MOST_CHARACTERS  # of metadata, as far as the broker is known to take them
        self._too_large = False
        self._proving = False
        self._sent: float | None = None  # the newest request that is not answered yet
        self._superseded = 0  # older ones of which the same is true
        self._insist_at = -inf
        #: How many commits were refused for a rebalance, which passes.
        self.put_off = 0
        #: When the newest commit that the broker has accepted was sent, by the lease's clock.
        self.accepted = -inf

    def count(self, outcomes: int) -> None:
        self._clock.count(outcomes)

    def hurry(self) -> None:
        """Commit with the next tick: a partition that never had a commit must not start without one twice."""
        self._clock.hurry()

    def prove(self) -> None:
        """Commit with the next tick, be there anything new or not: whether the broker accepts it is the question."""
        self._proving = True
        self._clock.hurry()

    def every_outcome(self) -> None:
        """Commit whatever ends with the tick after it: the worker is about to stop."""
        self._clock.every_outcome()

    def tick(self, consumer: Consumer, partitions: Collection[Partition], now: float) -> None:
        """Send a commit if one is due; :meth:`acknowledged` hears of it from a later poll."""
        if not self._clock.due(now):
            return
        offsets = self._read(partitions) if self._proving else self._dirty(partitions)
        self._clock.skipped(now)
        if offsets and self._send(consumer, offsets):
            self._clock.sent(now)
            self._proving = False

    def last(self, consumer: Consumer, partitions: Collection[Partition]) -> None:
        """The last act of an ownership, perhaps in a rebalance callback: send it, and wait for nothing.

        Also what is on its way already: the answer to that may be a refusal that we have not heard yet.

        librdkafka lets go of partitions only when the commits that were sent have been answered: until
        then it neither joins again nor tells the group that they are free (read there, and measured under
        each protocol). So the answer comes while they are still ours at the broker, from a later poll; and
        a coordinator that falls silent in this very moment holds up the client, not the poll loop.

        What is refused then is not sent again: whoever owns it next may have committed already, and the
        broker takes a commit from any member, the owner or not.
        """
        if offsets := self._dirty(partitions):
            self._send(consumer, offsets)

    def insist(self, consumer: Consumer, partitions: Collection[Partition], now: float) -> bool:
        """Send again what was refused since, now and then; whether the broker has acknowledged all of it."""
        offsets = self._dirty(partitions)
        refused = [dirty for dirty in offsets if dirty not in self._unanswered]
        if refused and now >= self._insist_at:
            self._insist_at = now + INSIST_EVERY
            self._send(consumer, refused)
        return not offsets

    def acknowledged(self, error: KafkaError | None, positions: list[TopicPartition]) -> None:
        """librdkafka's ``on_commit``: runs in the poll thread, and may come after the partition has gone."""
        sent, accepted = self._answered(), list[Dirty | None]()
        if error is not None:
            self._refused(str(error), error)
        for each in positions:
            asked = self._unanswered.take((each.topic, each.partition, each.offset, each.metadata or ""))
            if error is None and each.error is None:
                accepted.append(asked)
            elif error is None:
                self._refused(f"{each.topic}[{each.partition}]: {each.error}", each.error)
        self._clock.answered(refused=error is not None or len(accepted) < len(positions))
        if accepted and sent is not None:
            self.accepted = sent
        self._clean([dirty for dirty in accepted if dirty is not None])

    def _clean(self, acknowledged: list[Dirty]) -> None:
        for partition, point in acknowledged:
            partition.committed = point
        if acknowledged:
            self._emit(Committed([partition for partition, _ in acknowledged]))

    def _answered(self) -> float | None:
        """When the commit was sent that is answered; ``None`` if that may be an older one than the newest."""
        if self._superseded:
            self._superseded -= 1
            return None
        sent, self._sent = self._sent, None
        return sent

    def _send(self, consumer: Consumer, offsets: list[Dirty]) -> bool:
        now = lease_clock()
        try:
            consumer.commit(offsets=[_position(*dirty) for dirty in offsets], asynchronous=True)
        except KafkaException as error:
            self._emit(CommitFailed(str(error)))
            self._clock.answered(refused=True)
            return False
        self._superseded += self._sent is not None
        self._sent = now
        self._unanswered.add(offsets)  # the answer comes from a poll of this very thread: not before now
        return True

    def _dirty(self, partitions: Collection[Partition]) -> list[Dirty]:
        """Owned partitions whose ledger is ahead of what the broker has, each with one read of it."""
        return [(partition, point) for partition, point in self._read(partitions) if point != partition.committed]

    def _read(self, partitions: Collection[Partition]) -> list[Dirty]:
        if self._too_large:
            self._shorten()
        return [(each, each.ledger.commit_point(self._characters)) for each in partitions if each.owned]

    def _refused(self, what: str, error: object = None) -> None:
        """It stays dirty; what was too large for the broker goes out again, shorter, with the next tick."""
        self._emit(CommitFailed(what))
        code = error.code() if isinstance(error, KafkaError) else None
        self.put_off += code in PASSING
        if code == TOO_LARGE and self._characters:
            self._too_large = True
            self._clock.hurry()

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


def _position(partition: Partition, point: CommitPoint) -> TopicPartition:
    return TopicPartition(partition.topic, partition.number, point.offset, point.metadata)
