"""Which attempts are told in the log, when there are more of them than anybody reads."""

from __future__ import annotations

import threading
from typing import Final

from stillframe.consumer.intake.arrival import Arrival

#: Attempts of a task type that are told in one second.
A_SECOND: Final = 100


class Sample:
    """Lets through so many attempts of each task type in a second, from start to end. Safe in many threads."""

    def __init__(self, most: int = A_SECOND) -> None:
        self._most = most
        self._lock = threading.Lock()
        #: Of each task type: the second it was last asked in, how many were told in that, how many were not since.
        self._told: dict[str, tuple[int, int, int]] = {}
        self._running: set[Arrival] = set()

    def started(self, arrival: Arrival, task_type: str, now: float) -> int | None:
        """How many were passed over since the last that was told; ``None`` passes over this one too."""
        with self._lock:
            second, told, unsaid = self._told.get(task_type, (0, 0, 0))
            if second != int(now):
                second, told = int(now), 0
            if told >= self._most:
                self._told[task_type] = second, told, unsaid + 1
                return None
            self._told[task_type] = second, told + 1, 0
            self._running.add(arrival)
            return unsaid

    def ended(self, arrival: Arrival) -> bool:
        """Whether its start was told."""
        if arrival not in self._running:  # as nearly always when there are many; only its own thread has added it
            return False
        with self._lock:
            self._running.remove(arrival)
        return True
