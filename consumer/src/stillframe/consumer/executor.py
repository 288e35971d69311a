"""The three kinds of executors that run handlers."""

from __future__ import annotations

from enum import Enum


class Executor(Enum):
    """Where a handler runs: ``def`` in a thread, ``async def`` on the event loop, or in a process of its own."""

    THREAD = "thread"
    ASYNC = "async"
    PROCESS = "process"
