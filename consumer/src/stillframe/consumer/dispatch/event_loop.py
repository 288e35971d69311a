"""The one event loop on which ``async def`` handlers run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from typing import TypeVar

R = TypeVar("R")


class EventLoop:
    """An asyncio loop in a thread of its own, started with the first coroutine."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, awaitable: Awaitable[R], timeout: float | None) -> R:
        """Await it to its end and return its result, from any other thread.

        Raises:
            TimeoutError: it took longer than ``timeout`` seconds and was cancelled.
        """
        # No timeout on result(): it would be told apart from the handler's own TimeoutError by nothing.
        awaited = asyncio.wait_for(_contained(awaitable), timeout)
        result, escaped = asyncio.run_coroutine_threadsafe(awaited, self._running()).result()
        if escaped is not None:
            raise escaped
        return result  # type: ignore[return-value]

    def close(self) -> None:
        with self._starting:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_serve, args=(self._loop,), name="stillframe-async", daemon=True).start()
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _contained(awaitable: Awaitable[R]) -> tuple[R | None, BaseException | None]:
    """asyncio lets these two out of the loop's thread, which would end it for every other task."""
    try:
        return await awaitable, None
    except (SystemExit, KeyboardInterrupt) as error:
        return None, error
