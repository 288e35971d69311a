"""While one thread is to run all tasks, no second one starts; as soon as that one waits, the others do."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.executors import Executors
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.end import Done, End
from stillframe.consumer.quarantine.marks import Verdict
from tests.arrivals import arrival, partition
from tests.waiting import wait_until

SLOTS = 4


def make_desk(tasks: int) -> Desk:
    source = partition()
    desk = Desk({Executor.THREAD: SLOTS}, Lease(3_600), memory_wait=0)
    desk.lease.turned(0)
    desk.offer([arrival(source, offset, lane=offset) for offset in range(tasks)], 0)
    return desk


def take(desk: Desk) -> Arrival | None:
    return desk.take(Executor.THREAD, 0, 0)


def test_the_desk_gives_out_no_more_than_the_slots_in_use() -> None:
    desk = make_desk(10)
    desk.use(Executor.THREAD, 1)
    assert desk.ready(Executor.THREAD) == 1
    first = take(desk)
    assert first is not None
    assert (desk.ready(Executor.THREAD), take(desk)) == (0, None)
    desk.settle(first, Done(), 0)
    assert take(desk) is not None
    desk.use(Executor.THREAD, SLOTS)
    assert desk.ready(Executor.THREAD) == SLOTS - 1


def test_what_runs_already_goes_on_and_the_next_waits_for_all_of_it() -> None:
    desk = make_desk(10)
    running = [each for _ in range(SLOTS) if (each := take(desk)) is not None]
    desk.use(Executor.THREAD, 1)
    for each in running[:-1]:
        desk.settle(each, Done(), 0)
        assert (desk.ready(Executor.THREAD), take(desk)) == (0, None)
    desk.settle(running[-1], Done(), 0)
    assert take(desk) is not None


class Blocking:
    """Executors whose handlers wait until they are let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.started: list[int] = []
        desk = make_desk(0)
        self.executors = Executors(desk, self._run, clock=lambda: 0)

    def _run(self, each: Arrival) -> End:
        self.started.append(each.record.offset)
        assert self.let_go.wait(30)
        return Done()

    def one_thread(self) -> None:
        with self.executors._lock:
            self.executors._tempo._pace.alone = True
            self.executors._regroup()


@pytest.fixture
def blocking() -> Iterator[Blocking]:
    made = Blocking()
    yield made
    made.let_go.set()
    made.executors.close()


def test_a_handler_that_waits_lets_the_others_in(blocking: Blocking) -> None:
    """Nobody turns the poll loop: it may be held up in a rebalance."""
    blocking.one_thread()
    source = partition()
    blocking.executors.offer([arrival(source, offset, lane=offset) for offset in range(SLOTS)])
    wait_until(lambda: len(blocking.started) == SLOTS, describe="all of them to have started")
    assert not blocking.executors._tempo.alone


def test_who_outlives_its_timeout_is_alone_no_more() -> None:
    """Its slot is free again, as with all threads: the next one starts beside it."""
    desk = make_desk(10)
    desk.use(Executor.THREAD, 1)
    stuck = take(desk)
    assert stuck is not None
    context: Any = SimpleNamespace(overdue=lambda _now: True, cancel=lambda: None)
    stuck.context = context
    assert desk.overdue(0) == [stuck]
    assert desk.ready(Executor.THREAD) == 1
    assert take(desk) is not None


def test_a_suspect_runs_although_one_thread_is_to_do_it_all() -> None:
    """After what runs, and before all others (I8)."""
    desk = make_desk(10)
    suspect = arrival(partition(), 99)
    suspect.verdict = Verdict.ALONE
    desk.use(Executor.THREAD, 1)
    desk.offer([suspect], 0)
    running = take(desk)
    while running is not None and running is not suspect:
        assert take(desk) is None
        desk.settle(running, Done(), 0)
        running = take(desk)
    assert running is suspect
    assert (desk.ready(Executor.THREAD), take(desk)) == (0, None)
    desk.settle(suspect, Done(), 0)
    assert take(desk) is not None
