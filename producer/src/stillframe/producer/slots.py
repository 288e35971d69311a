"""The places of the bounded local queue: a full queue makes callers wait, in the order of their coming."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import Final


def _answered(*, taken: bool) -> Future[bool]:
    place: Future[bool] = Future()
    place.set_result(taken)
    return place


TAKEN: Final = _answered(taken=True)
TURNED_AWAY: Final = _answered(taken=False)


class Slots:
    """A counting semaphore for threads and coroutines alike, first come, first served.

    A place that becomes free goes straight to whoever waits longest, so that nobody can overtake. A
    coroutine that waits holds no thread.

    Args:
        size: how many places there are.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._lock = threading.Lock()
        self._free = size
        self._waiting: dict[Future[bool], None] = {}  # in order; a dict, to leave from the middle at once
        self._closed = False

    def acquire(self, timeout: float) -> bool:
        """Take a place within ``timeout`` seconds; False if none became free, or they were closed."""
        place = self.enter()
        if place is TAKEN:  # as mostly; to ask a future takes longer
            return True
        try:
            return place.result(timeout)
        except TimeoutError:
            return not self.leave(place)
        except KeyboardInterrupt:
            self._abandon(place)
            raise

    async def acquire_async(self, timeout: float) -> bool:  # noqa: ASYNC109 - the twin of acquire()
        """As :meth:`acquire`, for a coroutine. One that is cancelled takes no place with it."""
        place = self.enter()
        if place.done():
            return place.result()
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.wrap_future(place)
        except TimeoutError:
            return not self.leave(place)
        except asyncio.CancelledError:
            self._abandon(place)
            raise

    def enter(self) -> Future[bool]:
        """Ask for a place: a future that is True once the place is taken, False if there will be none."""
        with self._lock:
            if self._closed:
                return TURNED_AWAY
            if self._free:
                self._free -= 1
                return TAKEN
            place: Future[bool] = Future()
            self._waiting[place] = None
            return place

    def leave(self, place: Future[bool]) -> bool:
        """Stop waiting. False if the place was given at the same moment: it must be used or released."""
        with self._lock:
            self._waiting.pop(place, None)
            return place.cancel() or not place.result()

    def release(self) -> None:
        """Give a place back, to the longest waiting if anyone waits."""
        with self._lock:
            while self._waiting:
                if self._settle(next(iter(self._waiting)), taken=True):
                    return
            self._free += 1

    def close(self) -> None:
        """Give no more places: who waits, and who comes later, is turned away."""
        with self._lock:
            self._closed = True
            while self._waiting:
                self._settle(next(iter(self._waiting)), taken=False)

    def _abandon(self, place: Future[bool]) -> None:
        if not self.leave(place):
            self.release()

    def _settle(self, place: Future[bool], *, taken: bool) -> bool:
        """Answer one who waits; False if asyncio cancelled the wait already and is yet to say so.

        It happens under the lock, so that :meth:`leave` finds a place either waiting or answered.
        """
        del self._waiting[place]
        if not place.set_running_or_notify_cancel():
            return False
        place.set_result(taken)
        return True
