"""The executors: lanes in order and never twice at once, retries on time, and a way out for everything."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

import pytest

from stillframe.consumer.context import TaskContext
from stillframe.consumer.dispatch.desk import Desk, cancel
from stillframe.consumer.dispatch.executors import Executors
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.errors import CrashedHandler
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.outcome.classify import Failure
from stillframe.consumer.outcome.end import Dead, Done, End, Retry
from stillframe.consumer.progress.strict_waits import Wait
from stillframe.schemas import Delivery
from tests.arrivals import Email, arrival, partition, task_of
from tests.waiting import wait_until

FAILURE = Failure("ValueError", "", "", permanent=False)
Run = Callable[[Arrival], End]
Pool = Callable[..., Executors]


class Clock:
    """Epoch milliseconds that stand still until they are moved."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pool(clock: Clock) -> Iterator[Pool]:
    """Make pools that are closed, and whose threads are waited for, at the end."""
    before = set(threading.enumerate())
    made: list[Executors] = []

    def make(count: int, run: Run) -> Executors:
        desk = Desk({Executor.THREAD: count}, Lease(3_600), memory_wait=10_000)
        made.append(Executors(desk, run, now=clock, clock=lambda: 0))
        made[-1].turned()
        return made[-1]

    yield make
    for executors in made:
        executors.close()
    wait_until(lambda: not set(threading.enumerate()) - before, describe="the pool's threads to end")


def arrivals(count: int, lanes: int = 1, source: Partition | None = None) -> list[Arrival]:
    """``count`` arrivals, dealt out to so many lanes."""
    source = source or partition()
    return [arrival(source, offset, lane=offset % lanes) for offset in range(count)]


def ended(executors: Executors, count: int) -> list[End]:
    wait_until(lambda: len(executors.ends) >= count, describe=f"{count} ends")
    return [end for _, end in executors.ends]


def handler_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("stillframe-handler")]


def with_deadline(late: Arrival) -> Arrival:
    """Give an arrival the context of a handler whose timeout is over."""
    delivery = Delivery(1, "emails", 0, late.record.offset)
    late.context = TaskContext(task_of(Email(to="a")), delivery, late.record, deadline=time.monotonic() - 1)
    return late


def test_lanes_keep_order_and_never_overlap(pool: Pool) -> None:
    """Promise I4, with 16 threads and 5 lanes: each lane in order, one at a time."""
    order: dict[object, list[int]] = defaultdict(list)
    active: Counter[object] = Counter()
    overlaps: list[int] = []

    def run(each: Arrival) -> End:
        active[each.lane] += 1
        overlaps.extend([each.record.offset] if active[each.lane] > 1 else [])
        order[each.lane].append(each.record.offset)
        active[each.lane] -= 1
        return Done()

    executors = pool(16, run)
    sent = arrivals(2_000, lanes=5)
    for start in range(0, 2_000, 50):
        executors.offer(sent[start : start + 50])
    assert ended(executors, 2_000) == [Done()] * 2_000
    assert not overlaps
    assert all(offsets == sorted(offsets) for offsets in order.values())
    assert executors.counts() == (0, 0, 0, 0, 0)


def test_a_strict_wait_of_the_last_owner_goes_on(pool: Pool, clock: Clock) -> None:
    """At its place and at its time, though nothing else goes on that would wake it."""
    started: list[tuple[int, int]] = []

    def run(each: Arrival) -> End:
        started.append((each.record.offset, each.state.attempt))
        return Done()

    executors = pool(2, run)
    sent = arrivals(2)
    for each in sent:
        each.strict = True
    sent[0].go_on(Wait(0, 3, clock.now + 50, clock.now - 50))
    executors.offer(sent)
    wait_until(lambda: executors.counts()[:3] == (0, 0, 2), describe="both to wait")
    clock.now += 50
    assert ended(executors, 2) == [Done(), Done()]
    assert started == [(0, 3), (1, 1)]


def test_as_many_run_at_once_as_there_are_threads(pool: Pool) -> None:
    """Different lanes do not wait for each other, and neither do arrivals without one."""
    together = threading.Barrier(6, timeout=10)

    def run(each: Arrival) -> End:
        together.wait()
        return Done()

    executors = pool(6, run)
    executors.offer([*arrivals(3, lanes=3), *(arrival(partition(), offset) for offset in range(3))])
    assert ended(executors, 6) == [Done()] * 6


def test_a_short_retry_waits_in_memory_and_never_runs_early(pool: Pool, clock: Clock) -> None:
    """Promise I5. Its attempt counts up; its followers in the lane run meanwhile (relaxed order)."""
    started: list[tuple[int, int, int]] = []

    def run(each: Arrival) -> End:
        started.append((each.record.offset, each.state.attempt, clock.now))
        first = each.record.offset == 0 and each.state.attempt == 1
        return Retry(clock.now + 40, FAILURE) if first else Done()

    executors = pool(2, run)
    executors.offer(arrivals(2))
    ended(executors, 1)
    assert executors.counts() == (0, 0, 1, 0, 0)
    clock.now += 39
    executors.offer([arrival(partition(), 9)])
    ended(executors, 2)
    assert len(started) == 3
    clock.now += 1
    ended(executors, 3)
    assert [entry[:2] for entry in started] == [(0, 1), (1, 1), (9, 1), (0, 2)]
    assert started[-1][2] >= 1_000_040


def test_a_long_retry_is_handed_out(pool: Pool, clock: Clock) -> None:
    """What waits longer than the bound belongs in a retry topic."""
    executors = pool(1, lambda each: Retry(clock.now + 10_001, FAILURE))
    executors.offer(arrivals(1))
    assert ended(executors, 1) == [Retry(clock.now + 10_001, FAILURE)]


def test_a_retry_of_a_partition_that_has_left_is_handed_out(pool: Pool, clock: Clock) -> None:
    """Nobody would run it here any more."""
    source = partition()
    executors = pool(1, lambda each: Retry(clock.now + 1, FAILURE))
    source.owned = False
    executors.offer(arrivals(1, source=source))
    assert len(ended(executors, 1)) == 1


def test_an_arrival_that_is_not_due_waits(pool: Pool, clock: Clock) -> None:
    """A record of a tier, read ahead of its time."""
    executors = pool(2, lambda each: Done())
    early = arrival(partition(), 5)
    early.due = clock.now + 30
    executors.offer([early])
    wait_until(lambda: executors.counts() == (0, 0, 1, 0, 0), describe="it to wait")
    clock.now += 30
    assert ended(executors, 1) == [Done()]


def test_withdrawing_takes_one_partition_out(pool: Pool, clock: Clock) -> None:
    """Queued arrivals are forgotten, retries in memory are given back; other partitions go on."""
    go, entered = threading.Event(), threading.Event()
    leaving, staying = partition(1), partition(2)
    failed = arrival(leaving, 0)

    def run(each: Arrival) -> End:
        if each is failed:
            return Retry(clock.now + 5_000, FAILURE)
        entered.set()
        go.wait(10)
        return Done()

    executors = pool(1, run)
    executors.offer([failed])
    wait_until(lambda: executors.counts() == (0, 0, 1, 0, 0), describe="the retry to wait")
    executors.offer([arrival(staying, 0), arrival(leaving, 1), arrival(staying, 1), arrival(leaving, 2)])
    entered.wait(10)
    assert executors.withdraw([leaving]) == [failed]
    assert failed.state.attempt == 2
    assert executors.counts() == (1, 1, 0, 0, 0)
    assert not executors.wait_idle([staying], time.monotonic())
    assert executors.wait_idle([leaving], time.monotonic())
    go.set()
    ended(executors, 2)
    assert {each.partition for each, _ in executors.ends} == {staying}
    assert executors.wait_idle([staying], time.monotonic() + 10)


def test_nothing_starts_once_it_is_told_to_stop(pool: Pool, clock: Clock) -> None:
    """What runs goes on to its end, and a retry then leaves instead of waiting."""
    go, entered = threading.Event(), threading.Event()

    def run(each: Arrival) -> End:
        entered.set()
        go.wait(10)
        return Retry(clock.now + 1, FAILURE)

    executors = pool(2, run)
    executors.offer(arrivals(1))
    entered.wait(10)
    executors.stop_starting()
    executors.offer(arrivals(3, lanes=3))
    go.set()
    assert len(ended(executors, 1)) == 1
    assert executors.counts() == (0, 3, 0, 0, 0)


def test_a_crash_stops_its_lane_and_tells_the_worker(pool: Pool) -> None:
    """The task has no outcome; the rest of its key must not overtake it; others go on."""

    def run(each: Arrival) -> End:
        if each.record.offset == 0:
            raise CrashedHandler("SystemExit")
        return Done()

    executors = pool(2, run)
    executors.offer(arrivals(6, lanes=2))
    ended(executors, 3)
    wait_until(lambda: executors.crashed is not None, describe="the crash to be told")
    assert sorted(each.record.offset for each, _ in executors.ends) == [1, 3, 5]
    assert executors.counts() == (0, 2, 0, 0, 0)


def test_an_unforeseen_error_is_told_like_a_crash(pool: Pool) -> None:
    """A fault of ours, or MemoryError while decoding, must not eat a thread in silence."""

    def run(each: Arrival) -> End:
        raise MemoryError

    executors = pool(1, run)
    executors.offer(arrivals(1))
    wait_until(lambda: executors.crashed is not None, describe="the crash to be told", timeout=1)


def test_a_handler_that_overstays_gets_its_slot_replaced(pool: Pool) -> None:
    """One thread, stuck: another takes its place; when it comes back, it ends, and there is one again."""
    go, entered = threading.Event(), threading.Event()

    def run(each: Arrival) -> End:
        if each.record.offset == 0:
            with_deadline(each)
            entered.set()
            go.wait(10)
        return Done()

    executors = pool(1, run)
    stuck, follower, other = (
        arrival(partition(), 0, lane="a"), arrival(partition(), 1, lane="a"), arrival(partition(), 2, lane="b")
    )  # fmt: skip
    executors.offer([stuck, follower, other])
    entered.wait(10)
    context = stuck.context
    assert context is not None
    assert executors.overdue() == [stuck]
    assert context.cancelled
    assert executors.overdue() == []
    ended(executors, 1)
    assert executors.ends[0][0] is other
    go.set()
    ended(executors, 3)
    wait_until(lambda: len(handler_threads()) == 1, describe="the late thread to end")


def test_cancelling_tells_those_that_run() -> None:
    """An arrival that ended meanwhile has no context any more."""
    running, over = with_deadline(arrival(partition())), arrival(partition())
    context = running.context
    cancel([running, over])
    assert context is not None
    assert context.cancelled


def test_ends_are_kept_in_the_order_they_came(pool: Pool) -> None:
    """The poll thread books them in that order."""
    dead = Dead(FAILURE)
    executors = pool(1, lambda each: dead if each.record.offset % 2 else Done())
    executors.offer(arrivals(4))
    assert ended(executors, 4) == [Done(), dead, Done(), dead]


def test_a_failure_during_the_drain_waits_in_no_memory(pool: Pool) -> None:
    """Its partition is leaving: the retry must be handed to a tier, or it would run here and at the new owner."""
    go, entered = threading.Event(), threading.Event()

    def run(each: Arrival) -> End:
        entered.set()
        go.wait(10)
        return Retry(1_000_100, FAILURE)

    executors = pool(1, run)
    (leaving,) = arrivals(1)
    executors.offer([leaving])
    wait_until(entered.is_set, describe="the handler to run")
    assert executors.withdraw([leaving.partition]) == []
    go.set()
    assert ended(executors, 1) == [Retry(1_000_100, FAILURE)]
    assert executors.counts() == (0, 0, 0, 0, 0)


def test_handlers_that_never_return_do_not_multiply_threads(pool: Pool) -> None:
    """Slots are replaced up to once over; beyond that the process is told to end."""
    go = threading.Event()

    def run(each: Arrival) -> End:
        with_deadline(each)
        go.wait(10)
        return Done()

    executors = pool(2, run)
    executors.offer(arrivals(50, lanes=50))

    def overdue_until_given_up() -> bool:
        executors.overdue()
        return executors.crashed is not None

    wait_until(overdue_until_given_up, describe="the pool to give up")
    assert len(handler_threads()) <= 2 + 2 * 2
    go.set()
