"""Which attempts are told in the log, when there are more of them than anybody reads."""

from __future__ import annotations

import itertools
import threading
from typing import Final

from stillframe.consumer.intake.arrival import Arrival

#: Attempts of a task type that are told in one second.
A_SECOND: Final = 100


class _Told:
    """Of one task type: the second in which it was last told, how often in that, and what was passed over since."""

    __slots__ = ("passed", "second", "times")

    def __init__(self) -> None:
        self.second = self.times = 0
        # Counts in one step, whichever threads do so: what is passed over takes no lock.
        self.passed = itertools.count()


class Sample:
    """Lets through so many attempts of each task type in a second, from start to end. Safe in many threads."""

    def __init__(self, most: int = A_SECOND) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._told: dict[str, _Told] = {}
        self._running: set[Arrival] = set()

    def started(self, arrival: Arrival, task_type: str, now: float) -> int | None:
        """How many were passed over since the last that was told; ``None`` passes over this one too."""
        told = self._told.get(task_type)
        if told is not None and told.times >= self._most and told.second == int(now):
            next(told.passed)
            return None
        with self._lock:
            return self._let_through(arrival, task_type, int(now))

    def _let_through(self, arrival: Arrival, task_type: str, second: int) -> int | None:
        told = self._told.setdefault(task_type, _Told())
        if told.second != second:
            told.second, told.times = second, 0
        if told.times >= self._most:
            next(told.passed)
            return None
        told.times += 1
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
