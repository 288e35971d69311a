"""A suspect among the executors: nothing runs beside it, and nothing is left behind when it goes (I8)."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from stillframe.consumer.context import TaskContext
from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.executors import Executors
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.end import Done, End
from stillframe.consumer.quarantine.marks import Verdict
from stillframe.schemas import Delivery
from tests.arrivals import Email, arrival, partition, task_of
from tests.waiting import wait_until

HOME, AWAY = partition(0), partition(1)


def overdue_context(late: Arrival) -> TaskContext:
    """Of a handler whose timeout is over."""
    delivery = Delivery(1, "emails", 0, late.record.offset)
    return TaskContext(task_of(Email(to="a")), delivery, late.record, deadline=time.monotonic() - 1)


class Handlers:
    """Each stays in its handler until it is let go; what runs beside a suspect is written down."""

    def __init__(self) -> None:
        self.go = {offset: threading.Event() for offset in range(10)}
        self.running: list[int] = []
        self.beside: list[list[int]] = []

    def __call__(self, each: Arrival) -> End:
        offset = each.record.offset
        self.running.append(offset)
        if each.alone:
            self.beside.append(list(self.running))
        self.go[offset].wait(10)
        self.running.remove(offset)
        return Done()

    def await_running(self, *offsets: int) -> None:
        wait_until(lambda: sorted(self.running) == sorted(offsets), describe=f"{offsets} to run", timeout=10)


@pytest.fixture
def handlers() -> Iterator[Handlers]:
    made = Handlers()
    yield made
    for event in made.go.values():
        event.set()


@pytest.fixture
def executors(handlers: Handlers) -> Iterator[Executors]:
    made = Executors(Desk({Executor.THREAD: 3}, Lease(3_600), memory_wait=10_000), handlers)
    made.turned()
    yield made
    for event in handlers.go.values():
        event.set()
    made.close()


@pytest.fixture
def suspect() -> Callable[[int], Arrival]:
    def made(offset: int) -> Arrival:
        each = arrival(HOME, offset, lane="suspect")
        each.verdict = Verdict.ALONE
        return each

    return made


def test_it_waits_for_what_runs_and_the_others_wait_for_it(
    executors: Executors, handlers: Handlers, suspect: Callable[[int], Arrival]
) -> None:
    executors.offer([arrival(HOME, 0), arrival(AWAY, 1), suspect(2), arrival(HOME, 3)])
    handlers.await_running(0, 1)
    handlers.go[0].set()
    handlers.await_running(1)
    handlers.go[1].set()
    handlers.await_running(2)
    handlers.go[2].set()
    handlers.await_running(3)
    assert handlers.beside == [[2]]


def test_two_of_them_take_turns(executors: Executors, handlers: Handlers, suspect: Callable[[int], Arrival]) -> None:
    first, second = suspect(1), suspect(2)
    second.lane = "other"
    executors.offer([first, second])
    handlers.await_running(1)
    handlers.go[1].set()
    handlers.await_running(2)
    assert handlers.beside == [[1], [2]]


def test_one_that_waits_leaves_with_its_partition(
    executors: Executors, handlers: Handlers, suspect: Callable[[int], Arrival]
) -> None:
    """The others go on at once, and those of its key are not locked out when they come back."""
    executors.offer([arrival(AWAY, 0), suspect(1), arrival(AWAY, 2, lane="suspect")])
    handlers.await_running(0)
    wait_until(lambda: executors.counts() == (1, 1, 0, 0, 0), describe="the suspect to have been taken")
    executors.withdraw([HOME])
    handlers.await_running(0, 2)


def test_one_that_overstays_holds_back_nobody(
    executors: Executors, handlers: Handlers, suspect: Callable[[int], Arrival]
) -> None:
    late = suspect(1)
    executors.offer([late, arrival(AWAY, 2), arrival(AWAY, 3)])
    handlers.await_running(1)
    late.context = overdue_context(late)
    assert executors.overdue() == [late]
    handlers.await_running(1, 2, 3)


def test_one_does_not_wait_for_those_that_overstay(
    executors: Executors, handlers: Handlers, suspect: Callable[[int], Arrival]
) -> None:
    late = arrival(AWAY, 0)
    executors.offer([late])
    handlers.await_running(0)
    late.context = overdue_context(late)
    assert executors.overdue() == [late]
    executors.offer([suspect(1)])
    handlers.await_running(0, 1)
