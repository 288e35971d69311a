"""The three kinds of executors that run handlers."""

from __future__ import annotations

from enum import Enum


class Executor(Enum):
    """Where a handler runs: ``def`` in a thread, ``async def`` on the event loop, or in a process of its own."""

    THREAD = "thread"
    ASYNC = "async"
    PROCESS = "process"

    # Members are single. The enum's own hash, of the name, is Python, and every task is looked up by its executor.
    __hash__ = object.__hash__
