"""The desk under circuit breakers: a held type starts but its few, others flow, nothing is lost or out of order."""

from collections.abc import Collection, Hashable, Iterable
from itertools import product
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stillframe.consumer import CircuitBreaker
from stillframe.consumer.dispatch.circuits import Circuits
from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.lanes import Lanes
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.dispatch.line import Line
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.breaker import State
from stillframe.consumer.outcome.classify import Cause, Failure
from stillframe.consumer.outcome.end import Dead, Done, End, Retry
from tests.arrivals import arrival, partition
from tests.property.machines import must_find, run

SLOTS = {Executor.THREAD: 3, Executor.ASYNC: 1}
TYPES = {"mail": Executor.THREAD, "print": Executor.THREAD, "call": Executor.ASYNC}
POLICY = CircuitBreaker(failures=2, rate=0.5, window=10.0, open_for=5.0, probes=2)
MEMORY_WAIT = 1_000
FAILURE = Failure("ValueError", "", "", permanent=False)
REFUSED = Failure("ValueError", "", "", permanent=True)
ASKED = Failure("RetryAfter", "", "", permanent=False, cause=Cause.ASKED)
#: Lane, partition, task type, wait, and how many of them.
OFFERS = list(product([None, "a", "b", "c"], [0, 0, 1], ["mail", "mail", *TYPES], [0, 0, 0, 40], [1, 3]))
HOW = ["done", "failed", "failed", "failed", "dead", "refused", "asked", "spared", "deferred"]
WHICH = st.integers(0, 11)


class HeldMachine(RuleBasedStateMachine):
    """Arrivals of three types come, run, fail, wait and leave. Whether a type is held back is asked of its breaker,
    which has a machine of its own; the model knows each lane's items in order.
    """

    desk_class: ClassVar[type[Desk]] = Desk

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000
        self.circuits = Circuits(dict.fromkeys(TYPES, POLICY), {"mail": "emails", "print": "jobs", "call": "jobs"})
        self.desk = self.desk_class(SLOTS, Lease(1e9), memory_wait=MEMORY_WAIT, circuits=self.circuits)
        self.desk.lease.turned(0.0)
        self.partitions = [partition(0), partition(1)]
        self.offered = 0
        self.queues: dict[Hashable, list[Arrival]] = {}
        self.waiting: dict[Arrival, int] = {}
        self.running: list[Arrival] = []
        self.closed: set[Hashable] = set()

    @rule(what=st.sampled_from(OFFERS))
    def offer(self, what: tuple[str | None, int, str, int, int]) -> None:
        lane, number, task_type, wait, copies = what
        made = [arrival(self.partitions[number], self.offered + copy, lane=lane) for copy in range(copies)]
        self.offered += copies
        for each in made:
            each.task_type, each.executor, each.due = task_type, TYPES[task_type], self.now + wait
        self.desk.offer(made, self.now)
        for each in made:
            if wait:
                self.waiting[each] = self.now + wait
            else:
                self._queue(each)

    @rule(executor=st.sampled_from([Executor.THREAD, Executor.THREAD, Executor.ASYNC]), most=st.integers(1, 3))
    def take(self, executor: Executor, most: int) -> None:
        for _ in range(most):
            self._take(executor)

    def _take(self, executor: Executor) -> None:
        self.desk.release(self.now)
        self._release()
        ready = self.desk.ready(executor)
        heads = [queue[0] for lane, queue in self.queues.items() if queue and lane not in self.closed]
        may_start = [head for head in heads if head.executor is executor and self._flows(head)]
        free = sum(each.executor is executor for each in self.running) < SLOTS[executor]
        taken = self.desk.take(executor, self.now, 0.0)
        assert (taken is not None) == (free and bool(may_start)), "one may start, or none may"
        assert (ready > 0) == (taken is not None), "nobody would be woken for it, or for nothing"
        if taken is not None:
            assert taken in may_start, "it is a lane's head, and its type flows or has room for one that is tried"
            self.queues[_lane(taken)].remove(taken)
            self.closed.add(_lane(taken))
            self.running.append(taken)

    @precondition(lambda self: self.running)
    @rule(which=WHICH, how=st.sampled_from(HOW), wait=st.sampled_from([20, 900, MEMORY_WAIT + 1]))
    def settle(self, which: int, how: str, wait: int) -> None:
        ended = self.running.pop(which % len(self.running))
        due = self.now + wait
        ends: dict[str, End] = {
            "done": Done(), "failed": Retry(due, FAILURE), "dead": Dead(FAILURE), "refused": Dead(REFUSED),
            "asked": Retry(due, ASKED), "spared": Retry(due, REFUSED, spared=True), "deferred": Retry(due, None),
        }  # fmt: skip
        before = self.circuits.state(ended.task_type)
        settled = self.desk.settle(ended, ends[how], self.now)
        self.closed.discard(_lane(ended))
        if settled.waits:
            self.waiting[ended] = due
        if how in {"refused", "asked", "deferred"}:
            assert self.circuits.state(ended.task_type) in {before, State.CLOSED}, "nothing speaks against it"

    @rule(milliseconds=st.sampled_from([1, 40, 1_000, 5_000]))
    def time_goes_by(self, milliseconds: int) -> None:
        self.now += milliseconds

    @rule(task_type=st.sampled_from(list(TYPES)))
    def it_was_failing_elsewhere(self, task_type: str) -> None:
        self.desk.doubt([task_type, "unknown"], "it was failing")

    @rule(number=st.sampled_from([0, 1]))
    def a_partition_leaves_and_comes_back(self, number: int) -> None:
        leaving = self.partitions[number]
        held = [*self.waiting, *(each for queue in self.queues.values() for each in queue)]
        gone = {each for each in held if each.partition is leaving}
        given = self.desk.withdraw([leaving])
        assert set(given) == {each for each in gone if each.failed_here}
        self.waiting = {each: due for each, due in self.waiting.items() if each not in gone}
        self.queues = {lane: [e for e in queue if e not in gone] for lane, queue in self.queues.items()}
        self.partitions[number] = partition(number)

    @invariant()
    def all_are_counted(self) -> None:
        counts, held = self.desk.counts(), self._held()
        assert counts.running == len(self.running)
        assert counts.held_back == len(held)
        assert counts.queued + counts.waiting == sum(map(len, self.queues.values())) - len(held) + len(self.waiting)
        by_partition = self.desk.held_back()
        for each in self.partitions:
            assert by_partition[each] == sum(one.partition is each for one in held)
        barred = any(each.task_type == "mail" for each in self._held_heads())
        assert self.desk.barred() == ({"emails"} if barred else frozenset())

    @invariant()
    def somebody_will_look_at_it(self) -> None:
        for task_type in TYPES:
            if self.circuits.state(task_type) is State.OPEN:
                assert self.desk.next_due is not None
                assert self.desk.next_due <= self.now + 5_000

    def teardown(self) -> None:
        """Once what is called works again, all that is left runs to the last item."""
        for each in self.running:
            self.desk.settle(each, Done(), self.now)
        left = {*self.waiting, *(each for queue in self.queues.values() for each in queue)}
        for _ in range(len(left) + 10):
            self.now += 5_000
            for executor in SLOTS:
                while (taken := self.desk.take(executor, self.now, 0.0)) is not None:
                    assert taken in left, "it has left, or has run already"
                    left.remove(taken)
                    self.desk.settle(taken, Done(), self.now)
        assert not left, "something was lost"
        assert self.desk.counts() == (0, 0, 0, 0, 0)

    def _flows(self, head: Arrival) -> bool:
        breaker = self.circuits.unwell.get(head.task_type)
        return breaker is None or breaker.room > 0

    def _held_heads(self) -> list[Arrival]:
        heads = [queue[0] for lane, queue in self.queues.items() if queue and lane not in self.closed]
        return [head for head in heads if head.task_type in self.circuits.unwell]

    def _held(self) -> list[Arrival]:
        """What is held back, with what lies behind it."""
        return [each for head in self._held_heads() for each in self.queues[_lane(head)]]

    def _queue(self, each: Arrival) -> None:
        self.queues.setdefault(_lane(each), []).append(each)

    def _release(self) -> None:
        for each, due in sorted(self.waiting.items(), key=lambda entry: entry[1]):
            if due <= self.now:
                del self.waiting[each]
                self._queue(each)


def _lane(each: Arrival) -> Hashable:
    return each if each.lane is None else each.lane


def test_the_desk_holds() -> None:
    """After any sequence of events."""
    run(HeldMachine)


class HoldsNothingBack(Desk):
    def _draw(self, executor: Executor) -> Arrival | None:
        for task_type in self.circuits.unwell:
            if (found := self._lanes.take_aside(executor, task_type)) is not None:
                return found
        return self._lanes.take(executor)


class TriesNone(Desk):
    def _draw(self, executor: Executor) -> Arrival | None:
        return self._lanes.take(executor)


class WakesNobodyForAFew(Desk):
    def _to_be_tried(self, executor: Executor) -> int:
        return 0


class LooksAtNoBreaker(Desk):
    @property
    def next_due(self) -> int | None:
        return self._waiting.next_due


class NeverLetsBack(Lanes[Arrival]):
    def let_back(self, task_type: str) -> None:
        for line in self._lines.values():
            line.let_back(task_type)


class CountsWhatHasLeft(Lanes[Arrival]):
    def withdraw(self, partitions: Collection[Hashable]) -> list[Arrival]:
        before = self.aside
        withdrawn = super().withdraw(partitions)
        self.aside = before
        return withdrawn


class LetsNewcomersIn(Line[Any]):
    def add(self, source: Any, ticket: Any) -> bool:
        aside, self._aside = self._aside, {}
        added = super().add(source, ticket)
        self._aside = aside
        return added


class SetsAllAside(Line[Any]):
    def set_aside(self, kind: Hashable) -> Any:
        aside = super().set_aside(kind)
        self._aside[kind] |= self._sources
        self._sources.clear()
        self.size = 0
        return aside


def with_lanes(lanes: type[Lanes[Arrival]]) -> type[Desk]:
    def init(self: Desk, *arguments: Any, **options: Any) -> None:
        Desk.__init__(self, *arguments, **options)
        self._lanes = lanes()

    return type(lanes.__name__, (Desk,), {"__init__": init})


def with_lines(line: type[Line[Any]]) -> type[Desk]:
    def init(self: Desk, *arguments: Any, **options: Any) -> None:
        Desk.__init__(self, *arguments, **options)
        self._lanes._lines = {executor: line() for executor in Executor}

    return type(line.__name__, (Desk,), {"__init__": init})


MUTANTS: Iterable[type[Desk]] = (
    HoldsNothingBack,
    TriesNone,
    WakesNobodyForAFew,
    LooksAtNoBreaker,
    with_lanes(NeverLetsBack),
    with_lanes(CountsWhatHasLeft),
    with_lines(LetsNewcomersIn),
    with_lines(SetsAllAside),
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_planted_bugs_are_found(mutant: type[Desk]) -> None:
    """The machine is worth something only if it finds desks that are wrong."""
    must_find(type("Mutant", (HeldMachine,), {"desk_class": mutant}))
