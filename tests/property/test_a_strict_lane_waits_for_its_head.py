"""STRICT (I4, I5): a failed head keeps its lane, its attempt and its due time, whoever gets the partition next."""

from collections.abc import Collection
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stillframe.consumer.dispatch.answers import Settled
from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.dispatch.places import Places
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.outcome.classify import Failure
from stillframe.consumer.outcome.end import Done, End, Retry
from stillframe.consumer.progress.ledger import CommitPoint, Ledger
from stillframe.consumer.progress.metadata import decode
from stillframe.consumer.progress.strict_waits import Wait
from tests.arrivals import arrival, partition
from tests.property.machines import must_find, run

FAILURE = Failure("ValueError", "", "", permanent=False)
SLOTS = {Executor.THREAD: 3, Executor.ASYNC: 1}
KEYS = 5
PLACES = 3
#: Unfinished tasks above which a partition takes in no more, for the end of a run.
HELD = 2
WHICH = st.integers(0, 11)


class StrictMachine(RuleBasedStateMachine):
    """One partition under STRICT: its tasks run, fail, wait; owners come and go, with and without a last commit.

    The model knows of every offset the next attempt and when it may start, as of now and as of the commit.
    """

    desk_class: ClassVar[type[Desk]] = Desk
    places_class: ClassVar[type[Places]] = Places

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_900_000_000_000
        self.end = 0
        self.done: set[int] = set()
        self.waits: dict[int, tuple[int, int]] = {}
        self.committed = CommitPoint(0, "")
        self.committed_done: set[int] = set()
        self.committed_waits: dict[int, tuple[int, int]] = {}
        self._own(Ledger(0))

    def _own(self, ledger: Ledger) -> None:
        self.desk = self.desk_class(SLOTS, Lease(10.0), memory_wait=1_000)
        self.desk.lease.turned(0.0)
        self.desk._places = self.places_class(PLACES)
        self.partition = partition()
        self.partition.ledger, self.partition.promised = ledger, ledger.promised
        self.position = ledger.committable
        self.running: dict[int, Arrival] = {}

    @rule(most=st.integers(1, 6))
    def receive(self, most: int) -> None:
        """The log has ever more; the next owner reads it again from what was committed."""
        offered = []
        for offset in range(self.position, self.position + most):
            if self.partition.ledger.receive(offset, 1):
                made = arrival(self.partition, offset, lane=offset % KEYS)
                made.strict = True
                if (wait := self.partition.ledger.wait_of(offset)) is not None:
                    made.go_on(wait)
                offered.append(made)
        self.position += most
        self.end = max(self.end, self.position)
        self.desk.offer(offered, self.now)
        self.partition.promised = self.partition.ledger.promised

    @rule(most=st.integers(1, 3))
    def take(self, most: int) -> None:
        for _ in range(most):
            self._take()

    def _take(self) -> None:
        taken = self.desk.take(Executor.THREAD, self.now, 0.0)
        startable = self._startable()
        if taken is None:
            assert not startable or len(self.running) == SLOTS[Executor.THREAD]
            return
        offset = taken.record.offset
        attempt, due = self.waits.get(offset, (1, 0))
        assert offset not in self.done, "what was done and committed as such runs again"
        assert offset in self._heads(), "another of its lane comes first"
        assert taken.state.attempt == attempt
        assert due <= self.now, "too early"
        self.running[offset] = taken
        begun = self.waits.keys() | self.running.keys()
        assert len(begun) <= PLACES or offset in self.waits or len(self._here(begun)) == 1

    @precondition(lambda self: self.running)
    @rule(which=WHICH, wait=st.sampled_from([None, 20, 20, 500, 90_000]))
    def settle(self, which: int, wait: int | None) -> None:
        offset, ended = sorted(self.running.items())[which % len(self.running)]
        end: End = Done() if wait is None else Retry(self.now + wait, FAILURE)
        settled = self.desk.settle(ended, end, self.now)
        del self.running[offset]
        self._book(ended, settled)
        if wait is None:
            self.done.add(offset)
            self.waits.pop(offset, None)
        else:
            assert settled.waits is (not self.partition.leaving)
            self.waits[offset] = (self.waits.get(offset, (1, 0))[0] + 1, self.now + wait)

    def _book(self, ended: Arrival, settled: Settled) -> None:
        """What the poll thread does."""
        if settled.wait is not None:
            self.partition.ledger.wait(settled.wait)
        elif not settled.waits:
            self.partition.ledger.finish(ended.record.offset)

    @rule(milliseconds=st.sampled_from([0, 20, 100, 500, 90_000]))
    def time_goes_by(self, milliseconds: int) -> None:
        self.now += milliseconds

    @rule()
    def commit(self) -> None:
        self.committed = self.partition.ledger.commit_point()
        self.committed_done, self.committed_waits = set(self.done), dict(self.waits)

    @rule(how=st.sampled_from(["crash", "crash", "drain", "failing drain", "probe"]))
    def the_owner_changes(self, how: str) -> None:
        match how:
            case "crash":
                self._crash()
            case "probe":
                self._probe_lanes()
            case _:
                self._revoke(fails=how == "failing drain")

    def _crash(self) -> None:
        """Only what has happened since the last commit may begin again."""
        self.done, self.waits = set(self.committed_done), dict(self.committed_waits)
        self._own(Ledger(self.committed.offset, decode(*self.committed)))

    def _revoke(self, *, fails: bool) -> None:
        """A drain: nothing starts, what runs ends or fails, one last commit, another owner."""
        assert self.desk.withdraw([self.partition]) == [], "a strict retry never goes to a tier"
        for _ in range(len(self.running)):
            self.settle(0, 500 if fails else None)
        assert self.desk.take(Executor.THREAD, self.now, 0.0) is None
        assert self.desk.counts()[:3] == (0, 0, 0)
        self.commit()
        self._crash()

    def _probe_lanes(self) -> None:
        """Of a partition that has left, no lane stays closed: it may be ours again, in this very process."""
        self.commit()
        self.desk.withdraw([self.partition])
        if not self.running:
            other = partition(1)
            probes = [arrival(other, lane, lane=lane) for lane in range(KEYS)]
            self.desk.offer(probes, self.now)
            for _ in probes:
                probe = self.desk.take(Executor.THREAD, self.now, 0.0)
                assert probe in probes
                self.desk.settle(probe, Done(), self.now)
        self._crash()

    @invariant()
    def all_are_counted(self) -> None:
        received = {each for each in range(self.committed.offset, self.position) if each not in self.done}
        assert sum(self.desk.counts()[:3]) == len(received)
        known = self.partition.ledger.commit_point()
        told = {wait.offset: (wait.attempt, wait.due) for wait in decode(*known).waits}
        assert told == self.waits

    def teardown(self) -> None:
        """Whatever is left comes to its end, however many places there are."""
        for _ in range(len(self.running)):
            self.settle(0, None)
        self.now += 100_000
        end = self.end
        while self.position < end or self.partition.ledger.unfinished:
            before = self.position, self.partition.ledger.unfinished
            if self.position < end and self.partition.ledger.unfinished < HELD:
                self.receive(1)
            while (taken := self.desk.take(Executor.THREAD, self.now, 0.0)) is not None:
                self._book(taken, self.desk.settle(taken, Done(), self.now))
                self.done.add(taken.record.offset)
            assert (self.position, self.partition.ledger.unfinished) != before, "something is stuck"

    def _heads(self) -> set[int]:
        """Of each lane the first that is not done."""
        heads: dict[int, int] = {}
        for offset in range(self.committed.offset, self.position):
            if offset not in self.done:
                heads.setdefault(offset % KEYS, offset)
        return set(heads.values())

    def _startable(self) -> set[int]:
        """Heads whose time has come, and for which there is a place."""
        begun = self._here(self.waits.keys() | self.running.keys())
        room = not begun or len(begun) + self.partition.promised < PLACES
        ready = {head for head in self._heads() - self.running.keys() if self.waits.get(head, (1, 0))[1] <= self.now}
        return {head for head in ready if room or head in self.waits}

    def _here(self, offsets: Collection[int]) -> set[int]:
        return {offset for offset in offsets if offset < self.position}


def test_strict_lanes_hold() -> None:
    """After any sequence of failures, crashes and rebalances."""
    run(StrictMachine)


class OpensTheLane(Desk):
    def _keep(self, arrival: Arrival, end: Retry, now: int, *, replaced: bool) -> Settled:
        settled = super()._keep(arrival, end, now, replaced=replaced)
        self._heads.discard(arrival)
        self._lanes.open(arrival)
        return settled


class JoinsAtTheEnd(Desk):
    def _put_back(self, arrival: Arrival) -> None:
        self._heads.remove(arrival)
        self._lanes.add(arrival)
        self._lanes.open(arrival)


class HandsOverToATier(Desk):
    def withdraw(self, partitions: Collection[Partition]) -> list[Arrival]:
        waiting = [each for each in self._heads if each.failed_here and each.partition in partitions]
        return [*super().withdraw(partitions), *waiting]


class KeepsLanesClosed(Desk):
    def withdraw(self, partitions: Collection[Partition]) -> list[Arrival]:
        self._heads.clear()
        return super().withdraw(partitions)


class BeginsAgain(Desk):
    """Restored waits are due at once."""

    def offer(self, arrivals: Any, now: int) -> None:
        for each in arrivals:
            each.due = 0
        super().offer(arrivals, now)


class BooksNothingInADrain(Desk):
    def _keep(self, arrival: Arrival, end: Retry, now: int, *, replaced: bool) -> Settled:
        settled = super()._keep(arrival, end, now, replaced=replaced)
        return settled if settled.waits else settled._replace(wait=None, waits=True)


class CountsNoFailure(Desk):
    def _keep(self, arrival: Arrival, end: Retry, now: int, *, replaced: bool) -> Settled:
        settled = super()._keep(arrival, end, now, replaced=replaced)
        wait = settled.wait or Wait(0, 1, 0, 0)
        return settled._replace(wait=wait._replace(attempt=max(1, wait.attempt - 1)))


class GivesNoPlaceBack(Places):
    def leave(self, arrival: Arrival) -> None:
        pass


class AsksForNoPlace(Places):
    def take(self, arrival: Arrival) -> bool:
        return True


MUTANTS: tuple[type[Desk] | type[Places], ...] = (
    OpensTheLane, JoinsAtTheEnd, HandsOverToATier, KeepsLanesClosed, BeginsAgain, BooksNothingInADrain,
    CountsNoFailure, GivesNoPlaceBack, AsksForNoPlace,
)  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_planted_bugs_are_found(mutant: type[Desk] | type[Places]) -> None:
    """The machine is worth something only if it finds what is wrong."""
    kind = "desk_class" if issubclass(mutant, Desk) else "places_class"
    must_find(type("Mutant", (StrictMachine,), {kind: mutant}))
