"""What a stop leaves unfinished, named before anything that can block."""

from __future__ import annotations

import threading
from collections.abc import Callable

from stillframe.consumer.events import Event, GraceOver
from stillframe.consumer.explain.insight import Insight


class LastWords:
    """Says once what has not ended when the grace period is over.

    The poll thread says it before the last commit. If that thread is held up, inside librdkafka or in a
    lifespan, the one that hears the signals says it in its place: hence the lock.
    """

    def __init__(self, insight: Insight, emit: Callable[[Event], None]) -> None:
        self._insight = insight
        self._emit = emit
        self._said = False
        self._lock = threading.Lock()

    def say(self) -> None:
        """Name what is unfinished, if anything is and nobody has done it before."""
        with self._lock:
            said, self._said = self._said, True
        unfinished = list(self._insight.running)
        unwritten = [each.arrival for each in self._insight.under_way if each.arrival.partition.owned]
        if not said and (unfinished or unwritten):
            self._emit(GraceOver(unfinished, unwritten))
