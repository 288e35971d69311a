"""A task whose time has come starts in its own executor, though it was a busy thread of another that let it in."""

import threading
from collections.abc import Iterator

import pytest

from stillframe.consumer import CircuitBreaker
from stillframe.consumer.dispatch.circuits import Circuits
from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.elsewhere import OnLoop
from stillframe.consumer.dispatch.event_loop import EventLoop
from stillframe.consumer.dispatch.executors import Executors
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.end import Done, End
from tests.arrivals import arrival, partition
from tests.waiting import wait_until


class Shop:
    """One thread, whose handlers take as long as the test likes, and an event loop."""

    def __init__(self) -> None:
        self.now = 1_000_000
        self.busy = threading.Event()
        self.go_on = threading.Event()
        self.ran: list[str] = []
        self.loop = EventLoop()
        circuits = Circuits({"call": CircuitBreaker(open_for=60)})
        slots = {Executor.THREAD: 1, Executor.ASYNC: 1}
        self.desk = Desk(slots, Lease(3_600), memory_wait=10_000, circuits=circuits)
        on_loop = OnLoop(self.loop, self._run_async)
        self.executors = Executors(self.desk, self._run, on_loop=on_loop, now=lambda: self.now, clock=lambda: 0)
        self.executors.turned()

    def offer(self, executor: Executor, due: int = 0) -> None:
        each = arrival(partition())
        each.executor, each.due = executor, due
        each.task_type = "call" if executor is Executor.ASYNC else "work"
        self.executors.offer([each])

    def let_the_clock_sleep(self) -> None:
        """The thread that waits for what is due is woken by nothing else for a while."""
        wait_until(lambda: self.executors._clock._waiters, describe="the clock's thread to wait")  # type: ignore[attr-defined]

    def close(self) -> None:
        self.go_on.set()
        self.executors.close()
        self.loop.close()

    def _run(self, each: Arrival) -> End:
        self.busy.set()
        self.go_on.wait(60)
        return Done()

    async def _run_async(self, each: Arrival) -> End:
        self.ran.append(each.task_type)
        return Done()


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    yield made
    made.close()


def test_a_due_task_does_not_wait_for_the_thread_that_let_it_in(shop: Shop) -> None:
    """That thread is in a handler of its own by then, perhaps for minutes."""
    shop.offer(Executor.ASYNC, due=shop.now + 60_000)
    shop.let_the_clock_sleep()
    shop.now += 60_000
    shop.offer(Executor.THREAD)
    assert shop.busy.wait(10)
    wait_until(lambda: shop.ran == ["call"], describe="the task that was due")


def test_what_a_half_open_breaker_lets_through_does_not_either(shop: Shop) -> None:
    """It is a time like any other."""
    shop.desk.circuits._breakers["call"].trip("flood", shop.now)
    shop.desk.circuits._note("call", shop.desk.circuits._breakers["call"])
    shop.desk._lanes.set_aside("call")
    shop.offer(Executor.ASYNC, due=shop.now + 1)
    shop.now += 1
    wait_until(lambda: not shop.executors.counts().waiting, describe="the clock's thread to be awake once")
    shop.let_the_clock_sleep()
    shop.now += 60_000
    shop.offer(Executor.THREAD)
    assert shop.busy.wait(10)
    wait_until(lambda: shop.ran == ["call"], describe="one that is tried")
