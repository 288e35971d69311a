"""The ledger (I2, I3, I5): no unfinished offset is passed; what was committed as done or waiting stays so."""

from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stillframe.consumer.progress.ledger import CommitPoint, Ledger
from stillframe.consumer.progress.metadata import MOST_CHARACTERS, NOTHING, Known, decode, encode
from stillframe.consumer.progress.strict_waits import Wait
from tests.property.machines import must_find, run

sizes = st.integers(0, 1_000)
#: Mostly none; transaction markers and compaction leave small ones, a deleted segment a large one.
gaps = st.sampled_from([0, 0, 0, 1, 2, 1_000_000])
NOW = 1_900_000_000_000


class LedgerMachine(RuleBasedStateMachine):
    """A partition's log, and workers that read it, finish in any order or have it wait, commit and crash."""

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
        #: The waits of offsets without an outcome, those of the last owner included.
        self.waits: dict[int, Wait] = {}
        self.committed = self.ledger.commit_point()
        self.committed_done: set[int] = set()
        self.committed_waits: dict[int, Wait] = {}

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
            assert self.ledger.wait_of(offset) == self.waits.get(offset)

    @rule(data=st.data())
    def finish_one(self, data: st.DataObject) -> None:
        if self.unfinished:
            offset = data.draw(st.sampled_from(sorted(self.unfinished)))
            assert self.ledger.finish(offset)
            del self.unfinished[offset]
            self.had_outcome.add(offset)
            self.known_done.add(offset)
            self.waits.pop(offset, None)

    @rule(data=st.data(), attempt=st.integers(2, 40), delay=st.integers(0, 90_000))
    def have_one_wait(self, data: st.DataObject, attempt: int, delay: int) -> None:
        if self.unfinished:
            offset = data.draw(st.sampled_from(sorted(self.unfinished)))
            self.waits[offset] = wait = Wait(offset, attempt, NOW + delay, NOW)
            self.ledger.wait(wait)

    @rule(data=st.data())
    def have_a_stranger_wait(self, data: st.DataObject) -> None:
        """A late result changes nothing."""
        offset = data.draw(st.sampled_from(sorted({*self.log, self.position, 0} - self.unfinished.keys())))
        self.ledger.wait(Wait(offset, 2, NOW, NOW))

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
        self.committed_waits = dict(self.waits)

    @rule()
    def crash(self) -> None:
        """What was not committed is delivered again to the next owner; what was committed as done is not."""
        self.ledger = self.ledger_class(self.committed.offset, decode(*self.committed))
        self.position, self.unfinished = self.committed.offset, {}
        self.known_done, self.waits = set(self.committed_done), dict(self.committed_waits)

    @invariant()
    def nothing_unfinished_is_passed(self) -> None:
        assert all(self.ledger.committable <= offset for offset in self.unfinished)
        assert all(offset in self.had_outcome for offset in self.log if offset < self.committed.offset)

    @invariant()
    def the_map_holds_what_is_done_and_nothing_else(self) -> None:
        offset, metadata = self.ledger.commit_point()
        assert offset == self.ledger.committable
        known = decode(offset, metadata)
        mapped = {each for each in self.log if any(start <= each < end for start, end in known.runs)}
        assert mapped == {each for each in self.known_done if each >= offset}
        assert known.waits == tuple(self.waits[each] for each in sorted(self.waits))

    @invariant()
    def the_frontier_is_as_high_as_it_may_be(self) -> None:
        assert self.ledger.committable == min(self.unfinished, default=self.position)

    @invariant()
    def the_counts_are_right(self) -> None:
        assert self.ledger.unfinished == len(self.unfinished)
        assert self.ledger.bytes == sum(self.unfinished.values())
        assert self.ledger.span == self.position - min(self.unfinished, default=self.position)
        assert self.ledger.waiting == len(self.waits.keys() & self.unfinished.keys())
        assert self.ledger.promised == len(self.waits.keys() - self.unfinished.keys())

    @invariant()
    def memory_is_bounded_by_what_is_unfinished(self) -> None:
        assert len(self.ledger._unfinished) == len(self.unfinished)
        # Each run lies behind an unfinished offset, or was known of before it is received.
        ahead = sum(1 for each in self.log if each >= self.position)
        assert len(self.ledger._runs) <= len(self.unfinished) + ahead


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

    def __init__(self, start: int, known: Known = NOTHING) -> None:
        super().__init__(start, known)
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
    def commit_point(self, most: int = MOST_CHARACTERS) -> CommitPoint:
        return CommitPoint(self.committable, "")


class MapsWhatRuns(Ledger):
    def receive(self, offset: int, size: int) -> bool:
        to_run = super().receive(offset, size)
        if to_run and offset > self.committable:
            self._runs.add(offset, offset + 1)
        return to_run


class CommitsNoWaits(Ledger):
    def commit_point(self, most: int = MOST_CHARACTERS) -> CommitPoint:
        return CommitPoint(self.committable, encode(self.committable, self._runs))


class ForgetsPromises(Ledger):
    """Commits the waits that it has noted itself, but not those whose records are still to come."""

    def __init__(self, start: int, known: Known = NOTHING) -> None:
        super().__init__(start, known)
        self._promised.clear()


class WaitsForEver(Ledger):
    """Commits the wait of what has ended."""

    def finish(self, offset: int) -> bool:
        wait = self.wait_of(offset)
        ended = super().finish(offset)
        if wait is not None:
            self._waits[offset] = wait
        return ended


class WaitsForStrangers(Ledger):
    def wait(self, wait: Wait) -> None:
        self._waits[wait.offset] = wait


MUTANTS = (
    PassesTheUnfinished, WaitsForMissingNumbers, ForgetsBytes, TakesInTwice, KeepsWhatIsFinished, FinishesTheOldest,
    CommitsNoMap, MapsWhatRuns, CommitsNoWaits, ForgetsPromises, WaitsForEver, WaitsForStrangers,
)  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS)
def test_planted_bugs_are_found(mutant: type[Ledger]) -> None:
    """The machine is worth something only if it finds a ledger that is wrong."""
    must_find(type("Mutant", (LedgerMachine,), {"ledger_class": mutant}))
