"""Attempts at ``async def`` handlers: as many at a time as the desk gives, on the event loop, holding no thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from stillframe.consumer.dispatch.event_loop import EventLoop
from stillframe.consumer.intake.arrival import Arrival

#: Seconds without an await after which the loop counts as blocked.
BLOCKED_AFTER = 1.0


class Blocked(NamedTuple):
    """What keeps the event loop from going round.

    Attributes:
        arrival: the attempt; ``None`` if it is a task that a handler has left behind.
        place: where in the code it is.
        seconds: for how long.
    """

    arrival: Arrival | None
    place: str
    seconds: float


class Coroutines:
    """Takes arrivals on the loop and runs each as a task.

    Args:
        take: the next arrival that may start, if there is one.
        serve: one attempt, from its start until it is settled.
    """

    def __init__(
        self,
        loop: EventLoop,
        take: Callable[[], Arrival | None],
        serve: Callable[[Arrival], Awaitable[None]],
    ) -> None:
        self._loop = loop
        self._take = take
        self._serve = serve
        self._poked = False
        self._blocked = False
        self._running: dict[asyncio.Task[None], Arrival] = {}

    def poke(self, _ready: int) -> None:
        """There is something to take. Called under the one lock."""
        if not self._poked:
            self._poked = True
            self._loop.call_soon(self._pump)

    def blocked(self, now: float) -> Blocked | None:
        """What blocks the loop, once each time that it is blocked. Called by the poll thread."""
        silence = self._loop.silence(now)
        if silence < BLOCKED_AFTER:
            self._blocked = False
            return None
        if self._blocked:
            return None
        self._blocked = True
        task, place = self._loop.current()
        return Blocked(None if task is None else self._running.get(task), place, silence)

    def _pump(self) -> None:
        self._poked = False  # before taking: what is ready after that is another poke
        while (arrival := self._take()) is not None:
            task = self._loop.create_task(self._run(arrival))
            self._running[task] = arrival
            task.add_done_callback(self._running.pop)

    async def _run(self, arrival: Arrival) -> None:
        await self._serve(arrival)
        self._pump()
