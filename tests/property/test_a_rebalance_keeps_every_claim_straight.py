"""Rebalances (promises I1, I2, I3, I5, I7): whatever comes and goes, no commit is wrong and no late result counts."""

from collections.abc import Callable, Collection
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from stillframe.consumer.intake import rebalance as rebalances
from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.intake.partition import LogBounds, Partition
from stillframe.consumer.intake.rebalance import Rebalance
from stillframe.consumer.intake.start import Start, start_at
from stillframe.consumer.outcome import handoff as handoffs
from stillframe.consumer.outcome.settle import Settlement
from stillframe.consumer.progress.commits import Commits
from stillframe.consumer.progress.ledger import CommitPoint, Ledger
from stillframe.consumer.progress.unanswered import Dirty, Sent, Unanswered
from tests.property.group_machine import GroupMachine
from tests.property.machines import must_find, run


@pytest.fixture(autouse=True)
def _nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebalances, "REPORT_TIMEOUT", 0.0)
    monkeypatch.setattr(handoffs, "RETRY_EVERY", 0.0)


def test_rebalances_keep_every_claim_straight() -> None:
    """After any sequence of events: commits, ledgers, ownership and pauses are what they should be."""
    run(GroupMachine)


class CommitsWhatIsLost(Rebalance):
    def lost(self, consumer: Consumer, positions: list[TopicPartition]) -> None:
        self._commits.last(consumer, self._owned(positions))
        super().lost(consumer, positions)


class HandsOverWhatIsLost(Rebalance):
    def lost(self, consumer: Consumer, positions: list[TopicPartition]) -> None:
        gone = self._owned(positions)
        self._assignment.release(gone)
        self._settlement.hand_over(gone)


class KeepsWhatIsLost(Rebalance):
    def lost(self, consumer: Consumer, positions: list[TopicPartition]) -> None:
        self._settlement.forget(self._owned(positions))


class CommitsBeforeTheDrain(Rebalance):
    def revoked(self, consumer: Consumer, positions: list[TopicPartition]) -> None:
        leaving = self._owned(positions)
        self._commits.last(consumer, leaving)
        self._settlement.conclude(leaving, 0, 0)
        self._assignment.release(leaving)


class LetsGoBeforeTheCommit(Rebalance):
    def revoked(self, consumer: Consumer, positions: list[TopicPartition]) -> None:
        leaving = self._owned(positions)
        self._settlement.conclude(leaving, 0, 0)
        self._assignment.release(leaving)
        self._commits.last(consumer, leaving)


class NeverLetsGo(Rebalance):
    def revoked(self, consumer: Consumer, positions: list[TopicPartition]) -> None:
        leaving = self._owned(positions)
        self._settlement.conclude(leaving, 0, 0)
        self._commits.last(consumer, leaving)


class ForgetsToResume(Rebalance):
    def assigned(self, consumer: Consumer, positions: list[TopicPartition]) -> None:
        client: Any = consumer
        paused = set(client.paused)
        super().assigned(consumer, positions)
        client.paused |= paused


class ForgetsWhatWaits(Settlement):
    def hand_over(self, partitions: Collection[Partition]) -> None:
        self._executors.withdraw(partitions)


class CleanWhenSent(Commits):
    def _send(self, consumer: Consumer, offsets: list[Dirty]) -> bool:
        for partition, point in offsets:
            partition.committed = point
        return super()._send(consumer, offsets)


class CleanByALateAnswer(Commits):
    """Looks at the place alone: an answer to an older commit passes for one to the newest."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._unanswered = TakesAnyAnswer()


class TakesAnyAnswer(Unanswered):
    def take(self, sent: Sent) -> Dirty | None:
        return super().take(next((each for each in self._sent if each[:2] == sent[:2]), sent))


class SendsTheLastOnlyOnce(Commits):
    """What is on its way passes for the last commit, whatever becomes of it, and whatever has ended since."""

    def last(self, consumer: Consumer, partitions: Collection[Partition]) -> None:
        on_their_way = {partition for partition, _ in self._unanswered._sent.values()}
        super().last(consumer, [each for each in partitions if each not in on_their_way])


class CommitsWhatHasLeft(Commits):
    """Remembers every partition that it ever saw."""

    def tick(self, consumer: Consumer, partitions: Collection[Partition], now: float) -> None:
        self._seen = getattr(self, "_seen", set()) | set(partitions)
        stale = [(each, each.ledger.commit_point()) for each in self._seen if not each.owned]
        if stale:
            self._send(consumer, stale)
        super().tick(consumer, partitions, now)


class KnowsPartitionsByTheirName(Assignment):
    """One object for every ownership of a place: a late result finds the successor's ledger."""

    def add(self, topic: str, number: int, ledger: Ledger) -> Partition:
        new = super().add(topic, number, ledger)
        self._known: dict[tuple[str, int], Partition] = getattr(self, "_known", {})
        old = self._known.setdefault((topic, number), new)
        old.ledger, old.owned, old.leaving, old.committed, old.paused = ledger, True, False, None, None
        self._owned[topic, number] = old
        return old


#: Runs until a planted bug has to be found; most are in the first hundred.
EXAMPLES = 3_000

MUTANTS = (
    CommitsWhatIsLost, HandsOverWhatIsLost, KeepsWhatIsLost, CommitsBeforeTheDrain, LetsGoBeforeTheCommit,
    NeverLetsGo, ForgetsToResume, ForgetsWhatWaits, CleanWhenSent, CleanByALateAnswer, SendsTheLastOnlyOnce,
    CommitsWhatHasLeft, KnowsPartitionsByTheirName,
)  # fmt: skip
PARTS = {
    Rebalance: "rebalance_class", Commits: "commits_class", Assignment: "assignment_class",
    Settlement: "settlement_class",
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS)
def test_planted_bugs_are_found(mutant: type) -> None:
    """The machine is worth something only if it finds a part that is wrong."""
    must_find(type("Mutant", (GroupMachine,), {PARTS[mutant.__bases__[0]]: mutant}), EXAMPLES)


def ignores_the_map(committed: CommitPoint | None, bounds: Callable[[], LogBounds]) -> Start:
    start = start_at(committed, bounds)
    return start if committed is None else start._replace(ledger=Ledger(committed.offset))


def starts_at_the_end(committed: CommitPoint | None, bounds: Callable[[], LogBounds]) -> Start:
    return start_at(committed, bounds)._replace(ledger=Ledger(bounds().end))


def starts_at_0(committed: CommitPoint | None, bounds: Callable[[], LogBounds]) -> Start:
    start = start_at(committed, bounds)
    return start if committed is not None else start._replace(ledger=Ledger(0))


@pytest.mark.parametrize("mutant", [ignores_the_map, starts_at_the_end, starts_at_0])
def test_a_planted_start_is_found(monkeypatch: pytest.MonkeyPatch, mutant: Callable[..., Start]) -> None:
    """The same, for where a partition starts."""
    monkeypatch.setattr(rebalances, "start_at", mutant)
    must_find(type("Mutant", (GroupMachine,), {}), EXAMPLES)
