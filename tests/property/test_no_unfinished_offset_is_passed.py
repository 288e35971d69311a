"""The ledger (promises I2, I3): no unfinished offset is passed, and what was committed as done stays done."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stillframe.consumer.progress.completion_map import Run, decode
from stillframe.consumer.progress.ledger import CommitPoint, Ledger
from tests.property.machines import must_find, run

sizes = st.integers(0, 1_000)
#: Mostly none; transaction markers and compaction leave small ones, a deleted segment a large one.
gaps = st.sampled_from([0, 0, 0, 1, 2, 1_000_000])


class LedgerMachine(RuleBasedStateMachine):
    """A partition's log, a worker that reads it, finishes in any order, commits and crashes."""

    ledger_class: ClassVar[type[Ledger]] = Ledger

    def __init__(self) -> None:
        super().__init__()
        self.log: dict[int, int] = {}
        self.end = self.position = 5
        self.unfinished: dict[int, int] = {}
        self.had_outcome: set[int] = set()
        #: What this ownership knows to be done: by itself, or from the commit that it began with.
        self.known_done: set[int] = set()
        self.ledger = self.ledger_class(5)
        self.committed = self.ledger.commit_point()
        self.committed_done: set[int] = set()

    @rule(gap=gaps, size=sizes)
    def produce(self, gap: int, size: int) -> None:
        self.log[self.end + gap] = size
        self.end += gap + 1

    @rule(most=st.integers(1, 5))
    def poll(self, most: int) -> None:
        ahead = [offset for offset in self.log if offset >= self.position][:most]
        for offset in ahead:
            to_run = offset not in self.known_done
            assert self.ledger.receive(offset, self.log[offset]) is to_run
            self.position = offset + 1
            if to_run:
                self.unfinished[offset] = self.log[offset]

    @rule(data=st.data())
    def finish_one(self, data: st.DataObject) -> None:
        if self.unfinished:
            offset = data.draw(st.sampled_from(sorted(self.unfinished)))
            assert self.ledger.finish(offset)
            del self.unfinished[offset]
            self.had_outcome.add(offset)
            self.known_done.add(offset)

    @rule(data=st.data())
    def finish_what_is_not_there(self, data: st.DataObject) -> None:
        """A late result of an earlier ownership, or the second of the same task, changes nothing."""
        strangers = sorted({*self.log, self.position, 0} - self.unfinished.keys())
        assert not self.ledger.finish(data.draw(st.sampled_from(strangers)))

    @rule(data=st.data())
    def receive_again(self, data: st.DataObject) -> None:
        """A record that was received before is not taken in twice."""
        known = [offset for offset in self.log if offset < self.position]
        if known:
            assert not self.ledger.receive(data.draw(st.sampled_from(known)), 1)

    @rule()
    def commit(self) -> None:
        self.committed = self.ledger.commit_point()
        self.committed_done = {offset for offset in self.known_done if offset >= self.committed.offset}

    @rule()
    def crash(self) -> None:
        """What was not committed is delivered again to the next owner; what was committed as done is not."""
        offset, metadata = self.committed
        self.ledger = self.ledger_class(offset, decode(offset, metadata))
        self.position, self.unfinished, self.known_done = offset, {}, set(self.committed_done)

    @invariant()
    def nothing_unfinished_is_passed(self) -> None:
        assert all(self.ledger.committable <= offset for offset in self.unfinished)
        assert all(offset in self.had_outcome for offset in self.log if offset < self.committed.offset)

    @invariant()
    def the_map_holds_what_is_done_and_nothing_else(self) -> None:
        offset, metadata = self.ledger.commit_point()
        assert offset == self.ledger.committable
        runs = decode(offset, metadata)
        mapped = {each for each in self.log if any(start <= each < end for start, end in runs)}
        assert mapped == {each for each in self.known_done if each >= offset}

    @invariant()
    def the_frontier_is_as_high_as_it_may_be(self) -> None:
        assert self.ledger.committable == min(self.unfinished, default=self.position)

    @invariant()
    def the_counts_are_right(self) -> None:
        assert self.ledger.unfinished == len(self.unfinished)
        assert self.ledger.bytes == sum(self.unfinished.values())
        assert self.ledger.span == self.position - min(self.unfinished, default=self.position)

    @invariant()
    def memory_is_bounded_by_what_is_unfinished(self) -> None:
        assert len(self.ledger._unfinished) == len(self.unfinished)


def test_the_ledger_holds() -> None:
    """Commit point, bytes, span and memory are right after any sequence of events, crashes included."""
    run(LedgerMachine)


class PassesTheUnfinished(Ledger):
    """Commits up to whatever was finished last."""

    def finish(self, offset: int) -> bool:
        self._last = offset + 1
        return super().finish(offset)

    @property
    def committable(self) -> int:
        return getattr(self, "_last", self._position)


class WaitsForMissingNumbers(Ledger):
    """Takes the next offset to be the last one plus one."""

    def __init__(self, start: int, done_before: Iterable[Run] = ()) -> None:
        super().__init__(start, done_before)
        self._next = start
        self._done: set[int] = set()

    def finish(self, offset: int) -> bool:
        self._done.add(offset)
        while self._next in self._done:
            self._next += 1
        return super().finish(offset)

    @property
    def committable(self) -> int:
        return self._next


class ForgetsBytes(Ledger):
    def finish(self, offset: int) -> bool:
        return self._unfinished.pop(offset, None) is not None


class TakesInTwice(Ledger):
    def receive(self, offset: int, size: int) -> bool:
        self._position = min(self._position, offset)
        return super().receive(offset, size)


class KeepsWhatIsFinished(Ledger):
    def finish(self, offset: int) -> bool:
        return offset in self._unfinished


class FinishesTheOldest(Ledger):
    def finish(self, offset: int) -> bool:
        return offset in self._unfinished and super().finish(next(iter(self._unfinished)))


class CommitsNoMap(Ledger):
    def commit_point(self) -> CommitPoint:
        return CommitPoint(self.committable, "")


class MapsWhatRuns(Ledger):
    def _done_above(self) -> Iterator[Run]:
        if self._position > self.committable + 1:
            yield self.committable + 1, self._position


MUTANTS = (
    PassesTheUnfinished, WaitsForMissingNumbers, ForgetsBytes, TakesInTwice, KeepsWhatIsFinished,
    FinishesTheOldest, CommitsNoMap, MapsWhatRuns,
)  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS)
def test_planted_bugs_are_found(mutant: type[Ledger]) -> None:
    """The machine is worth something only if it finds a ledger that is wrong."""
    must_find(type("Mutant", (LedgerMachine,), {"ledger_class": mutant}))
