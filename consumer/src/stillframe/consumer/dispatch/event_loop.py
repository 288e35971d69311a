"""The one event loop on which ``async def`` handlers run."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

R = TypeVar("R")

#: Seconds between two beats of a loop that runs freely.
BEAT = 0.25


class EventLoop:
    """An asyncio loop in a thread of its own, started with the first coroutine.

    Attributes:
        escaped: told of a SystemExit or KeyboardInterrupt that got out of a task of the application's own;
            asyncio ends the loop for it, which would end it for every other task.
    """

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self.escaped: Callable[[BaseException], None] = lambda _error: None
        self._closing = False
        self._beat = 0.0

    def run(self, awaitable: Awaitable[R], timeout: float | None) -> R:
        """Await it to its end and return its result, from any other thread.

        Raises:
            TimeoutError: it took longer than ``timeout`` seconds and was cancelled.
        """
        # No timeout on result(): it would be told apart from the handler's own TimeoutError by nothing.
        awaited = _contained(within(awaitable, timeout))
        result, escaped = asyncio.run_coroutine_threadsafe(awaited, self.running()).result()
        if escaped is not None:
            raise escaped
        return result  # type: ignore[return-value]

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Have it called on the loop, in a context of its own; starts the loop."""
        self.running().call_soon_threadsafe(callback, context=contextvars.Context())

    def create_task(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """On the loop only. The task shares no context variables with any other."""
        return self.running().create_task(coroutine, context=contextvars.Context())

    def running(self) -> asyncio.AbstractEventLoop:
        """The loop, which is started if it does not run yet."""
        with self._starting:
            if self._loop is None:
                self._loop = loop = asyncio.new_event_loop()
                self._beat = time.monotonic()
                loop.call_soon(self._keep_beating, loop)
                self._thread = threading.Thread(
                    target=self._serve, args=(loop,), name="stillframe-async", daemon=True
                )
                self._thread.start()
            return self._loop

    def silence(self, now: float) -> float:
        """Seconds that the loop is late with its beat: whatever runs on it has not awaited anything for so long."""
        return 0.0 if self._loop is None else max(0.0, now - self._beat - BEAT)

    def current(self) -> tuple[asyncio.Task[Any] | None, str]:
        """What runs on the loop now, and where it is in the code; asked from another thread."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return None, ""
        frame = sys._current_frames().get(thread.ident or 0)
        stack = [] if frame is None else traceback.extract_stack(frame)
        place = f"{stack[-1].filename.rsplit('/', 1)[-1]}:{stack[-1].lineno} in {stack[-1].name}" if stack else ""
        return asyncio.current_task(loop), place

    def close(self) -> None:
        self._closing = True
        with self._starting:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)

    def _keep_beating(self, loop: asyncio.AbstractEventLoop) -> None:
        self._beat = time.monotonic()
        loop.call_later(BEAT, self._keep_beating, loop)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            while not self._closing:
                try:
                    loop.run_forever()
                except (SystemExit, KeyboardInterrupt) as error:
                    self.escaped(error)
        finally:
            loop.close()


async def in_thread(call: Callable[[], R]) -> R:
    """Await a call in a thread made for it, which sees this task's context variables.

    A pool would have to be as large as the loop's concurrency, and its threads would hold up the exit.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[tuple[R | None, BaseException | None]] = loop.create_future()

    def run() -> None:
        result, error = None, None
        try:
            result = call()
        except BaseException as raised:  # noqa: BLE001 - it belongs to who awaits
            error = raised
        with suppress(RuntimeError):  # the loop was closed: nobody awaits
            loop.call_soon_threadsafe(ended.set_result, (result, error))

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="stillframe-middleware", daemon=True).start()
    result, error = await ended
    if error is not None:
        raise error
    return result  # type: ignore[return-value]


async def within(awaitable: Awaitable[R], seconds: float | None) -> R:
    """Await it, and cancel it after so many seconds.

    Raises:
        TimeoutError: it was cancelled for that.
    """
    async with asyncio.timeout(seconds):
        return await awaitable


async def _contained(awaitable: Awaitable[R]) -> tuple[R | None, BaseException | None]:
    """asyncio lets these two out of the loop's thread, which would end it for every other task."""
    try:
        return await awaitable, None
    except (SystemExit, KeyboardInterrupt) as error:
        return None, error
