"""Which attempts are told in the log, when there are more of them than anybody reads."""

from __future__ import annotations

import itertools
import threading
from typing import Final

from stillframe.consumer.intake.arrival import Arrival

#: Attempts that are told in one second: of a task type, and of all together, but for the first of each type.
A_SECOND: Final = 100
IN_ALL: Final = 200


class _Told:
    """Of one task type: the second in which it was last told, how often in that, and what was passed over since."""

    __slots__ = ("passed", "second", "times")

    def __init__(self) -> None:
        self.second = self.times = 0
        # Counts in one step, whichever threads do so: what is passed over takes no lock.
        self.passed = itertools.count()


class Sample:
    """Lets through so many attempts of each task type in a second, from start to end. Safe in many threads.

    And so many of all types, lest two hundred of them cost as much as if all were told (measured: most of a worker's
    time). The first of a type in a second is let through all the same: a quiet one does not vanish beside others.
    """

    def __init__(self, most: int = A_SECOND, in_all: int = IN_ALL) -> None:
        self._most = most
        self._most_in_all = in_all
        self._lock = threading.Lock()
        self._told: dict[str, _Told] = {}
        self._in_all = _Told()
        self._running: set[Arrival] = set()

    def started(self, arrival: Arrival, task_type: str, now: float) -> int | None:
        """How many were passed over since the last that was told; ``None`` passes over this one too."""
        told, second = self._told.get(task_type), int(now)
        if told is not None and told.second == second and self._enough(told):
            next(told.passed)
            return None
        with self._lock:
            return self._let_through(arrival, task_type, second)

    def _enough(self, told: _Told) -> bool:
        return told.times >= (self._most if self._in_all.times < self._most_in_all else 1)

    def _let_through(self, arrival: Arrival, task_type: str, second: int) -> int | None:
        told = self._told.setdefault(task_type, _Told())
        for each in (told, self._in_all):
            if each.second != second:
                each.second, each.times = second, 0
        if self._enough(told):
            next(told.passed)
            return None
        told.times += 1
        self._in_all.times += 1
        passed, told.passed = told.passed, itertools.count()
        self._running.add(arrival)
        return next(passed)

    def ended(self, arrival: Arrival) -> bool:
        """Whether its start was told."""
        if arrival not in self._running:  # as nearly always when there are many; only its own thread has added it
            return False
        with self._lock:
            self._running.remove(arrival)
        return True
