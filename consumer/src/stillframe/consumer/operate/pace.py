"""So many records a second and no more. Pure: time is passed in."""

from __future__ import annotations

from typing import Final

#: Seconds that may be caught up after a pause, such as for a batch's reports. What was missed beyond, in an
#: outage, is not: it would come down on the workers all at once.
CATCH_UP: Final = 1.0


class Pace:
    """A schedule with a record every ``1 / rate`` seconds.

    Args:
        rate: records a second; ``None`` is no limit.
    """

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._interval = 0.0 if rate is None else 1 / rate
        self._next: float | None = None

    def wait(self, now: float) -> float:
        """How many seconds to wait before the next record; it then counts as sent."""
        if not self._interval:
            return 0.0
        due = now if self._next is None else max(self._next, now - CATCH_UP)
        self._next = due + self._interval
        return max(0.0, due - now)

    def a_second_of(self, most: int) -> int:
        """How many records a second has, at most so many and at least one."""
        return most if self._rate is None else max(1, min(most, int(self._rate)))
