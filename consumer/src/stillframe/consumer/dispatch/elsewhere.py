"""How attempts are run that are not run in a thread of ours alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from stillframe.consumer.dispatch.event_loop import EventLoop
from stillframe.consumer.dispatch.processes import ProcessSlot
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.end import End


class OnLoop(NamedTuple):
    """Where and how attempts at ``async def`` handlers are run."""

    loop: EventLoop
    run: Callable[[Arrival], Awaitable[End]]


class InProcesses(NamedTuple):
    """How attempts are run whose handlers have a process to themselves."""

    new_slot: Callable[[], ProcessSlot]
    run: Callable[[Arrival, ProcessSlot], End]
