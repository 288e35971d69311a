"""Health as a listener of events."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from stillframe.consumer.events import AttemptEnded, AttemptStarted, Event, HearsAttempts
from stillframe.consumer.health.verdict import Verdict
from stillframe.consumer.health.vitals import Vitals


class Health(HearsAttempts):
    """Watches the events and gives the verdicts; see :class:`~stillframe.consumer.health.vitals.Vitals`.

    Args:
        stall_after: seconds without an ended attempt that are never a stall.
        timeouts: the handlers' timeouts; twice the longest is no stall either.
        silent_join: the group protocol is KIP-848.
    """

    def __init__(self, stall_after: float, timeouts: Iterable[float | None], *, silent_join: bool = False) -> None:
        longest = max((timeout for timeout in timeouts if timeout is not None), default=0.0)
        self._vitals = Vitals(max(stall_after, 2 * longest), silent_join=silent_join)
        # The poll thread and probes meet here.
        self._lock = threading.Lock()
        self.of_attempts = {AttemptStarted: self._started, AttemptEnded: self._ended}

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._vitals.observe(event, time.monotonic())

    def _started(self, event: AttemptStarted) -> None:
        self._vitals.progress.started(event, time.monotonic())

    def _ended(self, event: AttemptEnded) -> None:
        self._vitals.progress.ended(event.arrival, time.monotonic())

    def live(self) -> Verdict:
        """Red when the process should be restarted."""
        with self._lock:
            return self._vitals.live(time.monotonic())

    def ready(self) -> Verdict:
        """Red when tasks do not get done; the reasons name partition, offset and task."""
        with self._lock:
            return self._vitals.ready(time.monotonic())
