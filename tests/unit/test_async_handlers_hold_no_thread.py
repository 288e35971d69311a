"""``async def`` handlers run on the one event loop, so many at a time, and hold no thread while they wait."""

import asyncio
import contextvars
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from stillframe.consumer import TaskContext
from stillframe.consumer.dispatch.attempt import Attempts
from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.elsewhere import OnLoop
from stillframe.consumer.dispatch.executors import Executors
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.end import Done, End, Retry
from stillframe.schemas import Task
from tests.arrivals import Email, arrival, email_arrival, partition
from tests.attempting import Bench
from tests.waiting import wait_until

Handler = Callable[..., Awaitable[None]]
Serve = Callable[..., Executors]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Executors with one thread and so many coroutines at a time, for a handler."""
    opened: list[Executors] = []
    with Bench() as bench:

        def start(handler: Handler, concurrency: int = 100, **options: Any) -> Executors:
            attempts: Attempts = bench.attempts(handler, **options)
            desk = Desk({Executor.THREAD: 1, Executor.ASYNC: concurrency}, Lease(3_600), memory_wait=0)
            on_loop = OnLoop(attempts.event_loop, attempts.run_async)
            opened.append(Executors(desk, attempts.run, on_loop=on_loop, clock=lambda: 0))
            opened[-1].turned()
            return opened[-1]

        yield start
        for executors in opened:
            executors.close()


def emails(count: int) -> list[Arrival]:
    made = [email_arrival(Email(to=f"{number}@example.com")) for number in range(count)]
    for each in made:
        each.executor = Executor.ASYNC
    return made


def ends(executors: Executors, count: int) -> list[End]:
    wait_until(lambda: len(executors.ends) >= count, describe=f"{count} ends")
    return [end for _, end in executors.ends]


def test_a_hundred_wait_at_once_on_one_thread(serve: Serve) -> None:
    """All of them are at their await at the same time, and no thread was made for any."""
    together = 0
    everybody = asyncio.Event()
    threads: set[str] = set()

    async def handler(email: Email) -> None:
        nonlocal together
        together += 1
        threads.add(threading.current_thread().name)
        if together == 100:
            everybody.set()
        await everybody.wait()

    executors = serve(handler)
    before = threading.active_count()
    executors.offer(emails(100))
    assert ends(executors, 100) == [Done()] * 100
    assert threads == {"stillframe-async"}
    assert threading.active_count() <= before + 1


def test_no_more_run_than_may(serve: Serve) -> None:
    """``async_concurrency``: the next starts when one has ended."""
    running = most = 0

    async def handler(email: Email) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    executors = serve(handler, concurrency=3)
    executors.offer(emails(50))
    assert ends(executors, 50) == [Done()] * 50
    assert most == 3


def test_they_do_not_wait_for_threads_nor_threads_for_them(serve: Serve) -> None:
    """Each kind has a line of its own."""
    go = asyncio.Event()

    async def handler(email: Email) -> None:
        await go.wait()

    executors = serve(handler, concurrency=1)
    waiting, queued = emails(2)
    executors.offer([waiting, queued])
    wait_until(lambda: executors.counts()[:2] == (1, 1), describe="one to run and one to wait")
    undecodable = arrival(partition(), 9)
    executors.offer([undecodable])
    ends(executors, 1)
    assert executors.ends[0][0] is undecodable


def test_context_variables_do_not_leak(serve: Serve) -> None:
    """Not from task to task, and not from whoever has submitted or ended another."""
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")
    user.set("the poll thread")
    seen: list[str] = []

    async def handler(email: Email) -> None:
        seen.append(user.get())
        user.set(email.to)
        await asyncio.sleep(0)
        assert user.get() == email.to

    executors = serve(handler, concurrency=4)
    executors.offer(emails(20))
    assert ends(executors, 20) == [Done()] * 20
    assert seen == ["nobody"] * 20


def test_plain_middleware_goes_around_them(serve: Serve) -> None:
    """It waits for the handler in a thread of its own, and sees how it ended."""
    seen: list[object] = []

    def middleware(task: Task[Any], context: TaskContext, call_next: Callable[[], Any]) -> Any:
        try:
            return call_next()
        except ValueError as error:
            seen.append((str(error), threading.current_thread().name))
            raise

    async def handler(email: Email) -> None:
        seen.append(threading.current_thread().name)
        raise ValueError("no mailbox")

    executors = serve(handler, middleware=(middleware,))
    executors.offer(emails(1))
    assert isinstance(ends(executors, 1)[0], Retry)
    assert seen == ["stillframe-async", ("no mailbox", "stillframe-middleware")]


def test_one_that_takes_too_long_is_cancelled(serve: Serve) -> None:
    """Its slot is free again, with and without middleware."""
    cancelled: list[str] = []

    async def handler(email: Email) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(email.to)
            raise

    def middleware(task: Task[Any], context: TaskContext, call_next: Callable[[], Any]) -> Any:
        return call_next()

    for given in ((), (middleware,)):
        executors = serve(handler, concurrency=1, timeout=0.02, middleware=given)
        executors.offer(emails(2))
        failures = [end.failure for end in ends(executors, 2) if isinstance(end, Retry)]
        assert [failure and failure.type for failure in failures] == ["TimeoutError"] * 2
    assert len(cancelled) == 4


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, MemoryError])
def test_a_crash_is_a_crash(serve: Serve, kind: type[BaseException]) -> None:
    """The worker is told to end; the loop goes on for the others."""

    async def handler(email: Email) -> None:
        if email.to == "0@example.com":
            raise kind

    executors = serve(handler)
    executors.offer(emails(3))
    assert ends(executors, 2) == [Done()] * 2
    wait_until(lambda: executors.crashed is not None, describe="the crash to be told")


def test_an_exit_in_a_task_left_behind_is_a_crash_too(serve: Serve) -> None:
    """asyncio would end the loop for it, and with it every other handler without a word."""
    left: list[asyncio.Task[None]] = []

    async def leave() -> None:
        raise SystemExit

    async def handler(email: Email) -> None:
        left.append(asyncio.get_running_loop().create_task(leave()))
        await asyncio.sleep(0.01)

    executors = serve(handler)
    executors.offer(emails(2))
    assert ends(executors, 2) == [Done()] * 2
    wait_until(lambda: executors.crashed is not None, describe="the crash to be told")
    assert isinstance(left[0].exception(), SystemExit)


def test_a_handler_that_blocks_the_loop_is_named(serve: Serve) -> None:
    """Once, with the place in the code; polling goes on, for it is another thread's."""
    go = threading.Event()

    async def handler(email: Email) -> None:
        go.wait(30)

    executors = serve(handler)
    (blocking,) = emails(1)
    executors.offer([blocking])
    blocked = wait_until(executors.blocked, describe="the loop to be found blocked")
    assert blocked is not None
    assert blocked.arrival is blocking
    assert " in wait" in blocked.place
    assert blocked.seconds >= 1.0
    assert executors.blocked() is None
    go.set()
    assert ends(executors, 1) == [Done()]
    wait_until(lambda: executors._coroutines and executors._coroutines._loop.silence(time.monotonic()) < 0.5,
               describe="the loop to beat again")  # fmt: skip
