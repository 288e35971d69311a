"""The desk: in order and never two of a lane (I4), never early (I5), fair, nothing lost, nothing that is not ours."""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable
from itertools import product
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stillframe.consumer.dispatch.answers import Settled
from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.lanes import Lane, Lanes
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.dispatch.line import Line
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.outcome.classify import Failure
from stillframe.consumer.outcome.end import Done, End, Retry
from tests.arrivals import arrival, partition
from tests.property.machines import must_find, run

FAILURE = Failure("ValueError", "", "", permanent=False)
SLOTS = {Executor.THREAD: 2, Executor.ASYNC: 1}
#: Task type to the executor of its handler.
TYPES = {"mail": Executor.THREAD, "print": Executor.THREAD, "call": Executor.ASYNC}
PATIENCE = 10.0
MEMORY_WAIT = 1_000
#: Lane, partition, task type, wait, and how many of them: each in one draw, for draws are what takes time.
OFFERS = list(
    product([None, "a", "b", "c"], [0, 0, 0, 0, 1, 2], ["mail", "mail", "mail", *TYPES], [0, 0, 0, 40, 40], [1, 4])
)
#: Seconds until the poll thread turns, and since when the commit that is accepted was under way.
#: Mostly it turns in time: without a lease nothing starts, and there is little to see.
POLLS = [
    *[(1.0, 0.0)] * 9, (9.0, 0.0), (11.0, 0.0), (1.0, 12.0), (1.0, None), (11.0, None), (11.0, 12.0),
]  # fmt: skip
STANDS_STILL = [*[1.0] * 11, 11.0]
#: Which executors take, one after the other.
THREAD, ASYNC = Executor.THREAD, Executor.ASYNC
TAKES = [(THREAD,), (ASYNC,), (THREAD, THREAD), (THREAD, THREAD), (THREAD, ASYNC, THREAD)]
WHICH = st.integers(0, 11)
#: Of another lane or source, how many may go first while one is ready.
FIRST = 1


class Context:
    """As much of a TaskContext as the desk sees."""

    def __init__(self) -> None:
        self.late = self.told = self.cancelled = False

    def overdue(self, _now: float) -> bool:
        told, self.told = self.told, self.told or self.late
        return self.told and not told

    def cancel(self) -> None:
        self.cancelled = True


class DeskMachine(RuleBasedStateMachine):
    """Arrivals come, run, fail, wait and leave, while time goes by and the poll thread stands still at times.

    The model knows each lane's items in order, and asks of every take whether it was right; who is ready
    counts how often others went first.
    """

    desk_class: ClassVar[type[Desk]] = Desk

    def __init__(self) -> None:
        super().__init__()
        self.now, self.clock, self.turned = 1_000_000, 0.0, 0.0
        self.doubted: float | None = None
        self.desk = self.desk_class(SLOTS, Lease(PATIENCE), memory_wait=MEMORY_WAIT)
        self.desk.lease.turned(0.0)
        self.partitions = [partition(number) for number in range(3)]
        self.offered = 0
        self.queues: dict[Hashable, list[Arrival]] = {}
        self.waiting: dict[Arrival, int] = {}
        self.running: list[Arrival] = []
        self.stuck: set[Arrival] = set()
        self.closed: set[Hashable] = set()
        self.stopped = False
        self.used = dict(SLOTS)
        self.went_first: defaultdict[Hashable, Counter[Hashable]] = defaultdict(Counter)

    @rule(what=st.sampled_from(OFFERS))
    def offer(self, what: tuple[str | None, int, str, int, int]) -> None:
        lane, number, task_type, wait, copies = what
        source, due = self.partitions[number], self.now + wait
        made = [arrival(source, self.offered + copy, lane=lane) for copy in range(copies)]
        self.offered += copies
        for each in made:
            each.task_type, each.executor, each.due = task_type, TYPES[task_type], due
        self.desk.offer(made, self.now)
        for each in made:
            if wait:
                self.waiting[each] = due
            else:
                self._queue(each)

    @rule(executors=st.sampled_from(TAKES))
    def take(self, executors: tuple[Executor, ...]) -> None:
        for executor in executors:
            self._take(executor)

    def _take(self, executor: Executor) -> None:
        taken = self.desk.take(executor, self.now, self.clock)
        self._release()
        ready = self._ready(executor)
        if not self._may_start(executor):
            assert taken is None
            return
        assert (taken is None) == (not ready), "something is ready, or nothing is"
        if taken is not None:
            self._started(taken, ready)

    @rule(most=st.sampled_from([1, 3, 50]), back=st.sampled_from([0, 0, 1, 50]))
    def take_a_hand(self, most: int, back: int) -> None:
        """One and so many behind it; of these the last ones go back, for they have not begun."""
        first = self.desk.take(THREAD, self.now, self.clock)
        self._release()
        if first is None:
            return
        self._started(first, self._ready(THREAD))
        behind = self.desk.take_behind(first, most, self.now)
        assert len(behind) == min(most, len(self._ready(THREAD)))
        stay = max(0, len(behind) - back)
        for each in behind[:stay]:
            self._started(each, self._ready(THREAD))
        turns = _copy_of(self.went_first)
        for each in behind[stay:]:
            self._started(each, self._ready(THREAD))
        self.desk.take_back(behind[stay:][::-1])
        for each in behind[stay:]:
            self._left(each)
            self.closed.discard(_lane(each))
            self.queues[_lane(each)].insert(0, each)
        self.went_first = turns  # they have had none, and nobody was passed over for them

    def _started(self, taken: Arrival, ready: list[Arrival]) -> None:
        assert taken in ready, "it is a lane's head, the lane open, its partition ours, its time come"
        self._note_turn(taken, ready)
        self.queues[_lane(taken)].remove(taken)
        self.closed.add(_lane(taken))
        self.running.append(taken)
        context: Any = Context()
        taken.context = context

    @precondition(lambda self: self.running)
    @rule(which=WHICH, wait=st.sampled_from([None, None, 20, 500, MEMORY_WAIT + 1]))
    def settle(self, which: int, wait: int | None) -> None:
        ended = self.running[which % len(self.running)]
        end: End = Done() if wait is None else Retry(self.now + wait, FAILURE)
        stays = wait is not None and wait <= MEMORY_WAIT and not self.stopped and not ended.partition.leaving
        settled, expected = self.desk.settle(ended, end, self.now), Settled(stays, ended in self.stuck)
        self._left(ended)
        self.closed.discard(_lane(ended))
        if stays:
            self.waiting[ended] = self.now + (wait or 0)
        assert settled == expected
        assert ended.failed_here or not stays

    @precondition(lambda self: len(self.running) > 1)
    @rule(which=WHICH)
    def give_up(self, which: int) -> None:
        crashed = self.running[which % len(self.running)]
        self.desk.give_up(crashed)
        self._left(crashed)

    @rule(milliseconds=st.sampled_from([1, 37, 38, 120]))
    def time_goes_by(self, milliseconds: int) -> None:
        self.now += milliseconds

    @rule(what=st.sampled_from(POLLS))
    def the_poll_thread_turns(self, what: tuple[float, float | None]) -> None:
        """After so many seconds; a commit is accepted then that was sent so long ago, or none."""
        seconds, ago = what
        self.clock += seconds
        gap = self.clock - self.turned
        assert self.desk.lease.turned(self.clock) == (gap if gap > PATIENCE else None)
        if gap > PATIENCE:
            self.doubted = self.clock
        self.turned = self.clock
        if ago is not None:
            proves = self.doubted is not None and self.clock - ago >= self.doubted
            assert self.desk.lease.proved(self.clock - ago) == proves
            self.doubted = None if proves else self.doubted

    @rule(seconds=st.sampled_from(STANDS_STILL))
    def the_poll_thread_stands_still(self, seconds: float) -> None:
        self.clock += seconds

    @rule(slots=st.sampled_from([1, 2]))
    def so_many_threads_are_to_do_it(self, slots: int) -> None:
        self.desk.use(THREAD, slots)
        self.used[THREAD] = slots

    @rule(numbers=st.sampled_from([(), (), (), (0,), (2,), (0, 1)]))
    def partitions_leave_and_come_back(self, numbers: tuple[int, ...]) -> None:
        leaving = [self.partitions[number] for number in numbers]
        held = [*self.waiting, *(each for queue in self.queues.values() for each in queue)]
        gone = {each for each in held if each.partition in leaving}
        given = self.desk.withdraw(leaving)
        assert len(given) == len(set(given))
        assert set(given) == {each for each in gone if each.failed_here}
        self.waiting = {each: due for each, due in self.waiting.items() if each not in gone}
        self.queues = {lane: [e for e in queue if e not in gone] for lane, queue in self.queues.items()}
        for number in numbers:
            self.partitions[number] = partition(number)
        if numbers:
            self._forget_turns()

    @precondition(lambda self: self.running)
    @rule(which=WHICH)
    def one_outlives_its_timeout(self, which: int) -> None:
        late = self.running[which % len(self.running)]
        context: Any = late.context
        context.late = True
        assert self.desk.overdue(0.0) == ([] if late in self.stuck else [late])
        self.stuck.add(late)
        assert context.cancelled

    @precondition(lambda self: self.offered > 80)
    @rule()
    def nothing_starts_any_more(self) -> None:
        self.desk.stop_starting()
        self.stopped = True

    @invariant()
    def all_are_counted(self) -> None:
        queued = sum(map(len, self.queues.values()))
        assert sum(self.desk.counts()[1:3]) == queued + len(self.waiting)
        assert self.desk.counts().running == len(self.running)
        assert self.desk.counts().stuck == len(self.stuck)
        for each in self.partitions:
            assert sorted(map(id, self.desk.running([each]))) == sorted(
                id(r) for r in self.running if r.partition is each
            )

    @invariant()
    def what_could_start_is_told(self) -> None:
        """Whether or not the lease holds: it is asked when one is taken."""
        for executor in SLOTS:
            could = 0 if self.stopped else max(0, min(len(self._ready(executor)), self._room(executor)))
            assert self.desk.ready(executor) == could

    def teardown(self) -> None:
        """Whatever is left can be run to the last item, but for what waits behind a crash."""
        if self.stopped:
            return
        self.desk.lease = Lease(PATIENCE)
        self.desk.lease.turned(self.clock)
        for each in self.running:
            self.desk.settle(each, Done(), self.now)
            self.closed.discard(_lane(each))
        left = {*self.waiting, *(each for queue in self.queues.values() for each in queue)}
        self.now += 10 * MEMORY_WAIT
        progress = True
        while progress:
            progress = False
            for executor in SLOTS:
                if (taken := self.desk.take(executor, self.now, self.clock)) is not None:
                    progress = True
                    assert taken in left, "it has left, or has run already"
                    left.remove(taken)
                    self.desk.settle(taken, Done(), self.now)
        assert all(_lane(each) in self.closed for each in left), "something was lost"

    def _queue(self, each: Arrival) -> None:
        self.queues.setdefault(_lane(each), []).append(each)

    def _release(self) -> None:
        for each, _ in sorted(self.waiting.items(), key=lambda entry: entry[1]):
            if self.waiting[each] <= self.now:
                del self.waiting[each]
                self._queue(each)

    def _may_start(self, executor: Executor) -> bool:
        leased = self.doubted is None and self.clock - self.turned <= PATIENCE
        return self._room(executor) > 0 and leased and not self.stopped

    def _room(self, executor: Executor) -> int:
        return self.used[executor] - sum(each.executor is executor for each in self.running if each not in self.stuck)

    def _ready(self, executor: Executor) -> list[Arrival]:
        heads = [queue[0] for lane, queue in self.queues.items() if queue and lane not in self.closed]
        return [head for head in heads if head.executor is executor]

    def _note_turn(self, taken: Arrival, ready: list[Arrival]) -> None:
        """Whoever was ready, and still is, was passed over once more; once is as often as may be."""
        source, lane = _source(taken), _lane(taken)
        passed = {_source(head): source for head in ready} | {
            (_source(head), _lane(head)): lane for head in ready if _source(head) == source
        }
        self._forget_turns(keep=self._standing())
        for key in (source, (source, lane)):
            self.went_first.pop(key, None)
        for waits, first in passed.items():
            if waits not in {source, (source, lane)}:
                self.went_first[waits][first] += 1
                assert self.went_first[waits][first] <= FIRST, "it waits while another has a second turn"

    def _standing(self) -> set[Hashable]:
        """Sources and lanes of what is ready."""
        heads = [head for each in SLOTS for head in self._ready(each)]
        return {_source(head) for head in heads} | {(_source(head), _lane(head)) for head in heads}

    def _forget_turns(self, keep: Collection[Hashable] = ()) -> None:
        self.went_first = defaultdict(Counter, {k: v for k, v in self.went_first.items() if k in keep})

    def _left(self, each: Arrival) -> None:
        self.running.remove(each)
        self.stuck.discard(each)


def _copy_of(turns: defaultdict[Hashable, Counter[Hashable]]) -> defaultdict[Hashable, Counter[Hashable]]:
    """Of the counts alone."""
    return defaultdict(Counter, {each: Counter(first) for each, first in turns.items()})


def _lane(each: Arrival) -> Hashable:
    return each if each.lane is None else each.lane


def _source(each: Arrival) -> Hashable:
    return each.task_type, each.partition


def test_the_desk_holds() -> None:
    """After any sequence of events it starts what the model allows, fairly, and nothing else."""
    run(DeskMachine)


class TakesTheNewest(Desk):
    def settle(self, arrival: Arrival, end: End, now: int) -> Settled:
        for lane in self._lanes._lanes.values():
            if lane.closed and len(lane.items) > 1:
                lane.items.move_to_end(lane.head)
        return super().settle(arrival, end, now)


class NeverClosesALane(Desk):
    def take(self, executor: Executor, now: int, clock: float) -> Arrival | None:
        taken = super().take(executor, now, clock)
        if taken is not None:
            self._lanes.open(taken)
        return taken


class StaysWithOneSource(Line[Any]):
    def take(self) -> Any:
        before = set(self._sources)
        first = next(iter(self._sources)) if before else None
        taken = super().take()
        if first is not None and first in self._sources:
            self._sources.move_to_end(first, last=False)
        return taken


class LosesTheLaneThatWaits(Lanes[Arrival]):
    def open(self, item: Arrival) -> None:
        lane = self._lanes.get(item.lane)
        if lane is not None:
            lane.closed = False


class WithdrawsTooLittle(Lanes[Arrival]):
    def withdraw(self, partitions: Collection[Hashable]) -> list[Arrival]:
        return super().withdraw(list(partitions)[:-1])


class WithdrawsTheWholeLane(Lanes[Arrival]):
    def withdraw(self, partitions: Collection[Hashable]) -> list[Arrival]:
        touched: list[Lane[Arrival]] = [lane for p in partitions for lane in self._of_partition.get(p, {}).values()]
        also = {each.partition for lane in touched for each in lane.items}
        return [each for each in super().withdraw({*partitions, *also}) if each.partition in partitions]


class StartsEarly(Desk):
    def release(self, now: int) -> None:
        super().release(now + 5)


class LeaksASlot(Desk):
    def settle(self, arrival: Arrival, end: End, now: int) -> Settled:
        settled = super().settle(arrival, end, now)
        if isinstance(end, Retry):
            self._free[arrival.executor] -= 1
        return settled


class KeepsNoSlotForTheStuck(Desk):
    def overdue(self, monotonic: float) -> list[Arrival]:
        late = super().overdue(monotonic)
        for each in late:
            self._free[each.executor] -= 1
        return late


class UsesAllSlots(Desk):
    def use(self, executor: Executor, slots: int) -> None:
        super().use(executor, self.slots[executor])


class LetsNobodyBackIn(Desk):
    def use(self, executor: Executor, slots: int) -> None:
        super().use(executor, 1)


class PutsBackAtTheEnd(Desk):
    def take_back(self, arrivals: Iterable[Arrival]) -> None:
        for each in arrivals:
            super().take_back([each])
            lane = self._lanes._lanes.get(each.lane)
            if lane is not None:
                lane.items.move_to_end(each)


class PutsBackBehindTheOthers(Lanes[Arrival]):
    def put_back(self, item: Arrival, *, first: bool = False) -> None:
        super().put_back(item)


class ForgetsWhatItTakesBack(Desk):
    def take_back(self, arrivals: Iterable[Arrival]) -> None:
        for each in arrivals:
            self._left(each)
            self._lanes.open(each)


class LeavesLanesOpenBehind(Desk):
    def take_behind(self, first: Arrival, most: int, now: int) -> list[Arrival]:
        behind = super().take_behind(first, most, now)
        for each in behind:
            self._lanes.open(each)
        return behind


class TakesPartOfNoLease(Desk):
    def take(self, executor: Executor, now: int, clock: float) -> Arrival | None:
        self.lease._turned, self.lease.doubted_since = clock, None
        return super().take(executor, now, clock)


class StartsWhileInDoubt(Lease):
    def holds(self, now: float) -> bool:
        return now - (self._turned or 0.0) <= self._patience


class StartsBeforeThePollThreadTurns(Lease):
    def holds(self, now: float) -> bool:
        return self.doubted_since is None


class BelievesAnOldCommit(Lease):
    def proved(self, sent: float) -> bool:
        return super().proved(self.doubted_since or sent)


class KeepsARetryOfWhatLeaves(Desk):
    def _stays(self, arrival: Arrival, end: Retry, now: int) -> bool:
        return self._starting and end.due - now <= self._memory_wait


class ForgetsWhatWaits(Desk):
    def withdraw(self, partitions: Collection[Partition]) -> list[Arrival]:
        given = super().withdraw(partitions)
        return [each for each in given if each.state.not_before is None]


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


def with_lease(lease: type[Lease]) -> type[Desk]:
    def init(self: Desk, slots: Any, _lease: Lease, **options: Any) -> None:
        Desk.__init__(self, slots, lease(PATIENCE), **options)

    return type(lease.__name__, (Desk,), {"__init__": init})


MUTANTS: Iterable[type[Desk]] = (
    TakesTheNewest,
    NeverClosesALane,
    with_lines(StaysWithOneSource),
    with_lanes(LosesTheLaneThatWaits),
    with_lanes(WithdrawsTooLittle),
    with_lanes(WithdrawsTheWholeLane),
    StartsEarly,
    LeaksASlot,
    KeepsNoSlotForTheStuck,
    UsesAllSlots,
    LetsNobodyBackIn,
    PutsBackAtTheEnd,
    with_lanes(PutsBackBehindTheOthers),
    ForgetsWhatItTakesBack,
    LeavesLanesOpenBehind,
    TakesPartOfNoLease,
    with_lease(StartsWhileInDoubt),
    with_lease(StartsBeforeThePollThreadTurns),
    with_lease(BelievesAnOldCommit),
    KeepsARetryOfWhatLeaves,
    ForgetsWhatWaits,
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_planted_bugs_are_found(mutant: type[Desk]) -> None:
    """The machine is worth something only if it finds desks that are wrong."""
    must_find(type("Mutant", (DeskMachine,), {"desk_class": mutant}))
