"""``async def`` handlers run on one event loop in a thread of its own; all else is as with any handler."""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stillframe.consumer import CrashedHandler, PermanentError, TaskContext
from stillframe.consumer.outcome import end as ends
from stillframe.schemas import Task
from tests.arrivals import Email, email_arrival
from tests.attempting import Bench
from tests.waiting import wait_until


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench() as made:
        yield made


def test_they_end_like_others(bench: Bench) -> None:
    """Done, retried, dead; with the context if they ask for it."""

    async def handler(email: Email, context: TaskContext) -> None:
        await asyncio.sleep(0)
        if context.attempt == 2:
            raise PermanentError(email.to)
        if context.attempt == 3:
            raise ValueError

    attempts = bench.attempts(handler)
    kinds = [type(attempts.run(email_arrival(attempt=attempt))) for attempt in (1, 2, 3)]
    assert kinds == [ends.Done, ends.Dead, ends.Retry]


def test_context_variables_of_middleware_reach_them(bench: Bench) -> None:
    """A span that is active around the attempt is active in the coroutine."""
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")
    seen = []

    def middleware(task: Task[Any], context: TaskContext, call_next: Callable[[], Any]) -> Any:
        user.set("ada")
        return call_next()

    async def handler(email: Email) -> None:
        seen.append((user.get(), threading.current_thread().name))

    assert bench.end(handler, middleware=(middleware,)) == ends.Done()
    assert seen == [("ada", "stillframe-async")]


def test_one_that_takes_too_long_is_cancelled(bench: Bench) -> None:
    """The coroutine sees the cancellation; the attempt is retried with TimeoutError as its cause."""
    cancelled = []

    async def handler(email: Email) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(email.to)
            raise

    end = bench.end(handler, timeout=0.05)
    assert cancelled == ["ada@example.com"]
    assert isinstance(end, ends.Retry)
    assert end.failure is not None
    assert end.failure.type == "TimeoutError"


@pytest.mark.parametrize("error", [TimeoutError("mine"), asyncio.CancelledError()], ids=["timeout", "cancelled"])
def test_what_they_raise_themselves_is_an_outcome(bench: Bench, error: BaseException) -> None:
    """Trap 15: not to be taken for "not finished yet"; with and without a timeout of ours."""

    async def handler(email: Email) -> None:
        raise error

    assert isinstance(bench.end(handler), ends.Retry)
    assert isinstance(bench.end(handler, timeout=30), ends.Retry)


@pytest.mark.parametrize(
    "kind",
    [
        SystemExit,
        KeyboardInterrupt,
        MemoryError,
    ],
)
def test_a_crash_is_a_crash(bench: Bench, kind: type[BaseException]) -> None:
    """It ends the worker, as from a ``def`` handler, and does not silently end the event loop."""

    async def handler(email: Email) -> None:
        raise kind

    attempts = bench.attempts(handler)
    caught: list[BaseException] = []

    def run() -> None:
        try:
            attempts.run(email_arrival())
        except CrashedHandler as error:
            caught.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(2)
    assert [type(error) for error in caught] == [CrashedHandler]


def wrapped(email: Email) -> Any:
    """What a decorator leaves that forgot to be async around an ``async def``."""
    return remember(email)


class Deliverer:
    async def __call__(self, email: Email) -> None:
        await remember(email)


RAN: list[str] = []


async def remember(email: Email) -> None:
    RAN.append(email.to)


@pytest.mark.parametrize("handler", [Deliverer(), wrapped], ids=["object", "sync-wrapper"])
def test_a_coroutine_is_run_whoever_returns_it(bench: Bench, handler: Callable[..., Any]) -> None:
    """A task is done when its coroutine has run, not when it was made."""
    RAN.clear()
    assert bench.end(handler) == ends.Done()
    assert RAN == ["ada@example.com"]


def test_closing_closes_the_event_loop(bench: Bench) -> None:
    """An application's tests, too, may turn warnings into errors."""

    async def handler(email: Email) -> None: ...

    attempts = bench.attempts(handler)
    attempts.run(email_arrival())
    loop = attempts.event_loop._loop
    assert loop is not None
    attempts.close()
    wait_until(loop.is_closed, describe="the loop to be closed", timeout=1)
