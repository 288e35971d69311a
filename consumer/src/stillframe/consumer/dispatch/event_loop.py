"""The one event loop on which ``async def`` handlers run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

R = TypeVar("R")


class EventLoop:
    """An asyncio loop in a thread of its own, started with the first coroutine."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, coroutine: Coroutine[Any, Any, R], timeout: float | None) -> R:
        """Run a coroutine to its end and return its result, from any other thread.

        Raises:
            TimeoutError: it took longer than ``timeout`` seconds and was cancelled.
        """
        # No timeout on result(): it would be told apart from the handler's own TimeoutError by nothing.
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(coroutine, timeout), self._running()).result()

    def close(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="stillframe-async", daemon=True).start()
            return self._loop
