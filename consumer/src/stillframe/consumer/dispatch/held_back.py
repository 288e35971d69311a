"""What the poll thread asks and tells of task types whose circuit breakers are not closed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Final

from stillframe.consumer.dispatch.circuits import Change
from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.intake.partition import Partition

#: Seconds between two counts of what circuit breakers hold back.
COUNT_EVERY: Final = 1.0
NONE: Final[Mapping[Partition, int]] = {}


class HeldBack:
    """The desk's circuit breakers, as the poll thread sees them.

    Args:
        lock: the executors', under which the desk is asked.
    """

    def __init__(self, desk: Desk, lock: threading.Lock) -> None:
        self._desk = desk
        self._lock = lock
        self._counted: Mapping[Partition, int] = NONE
        self._count_at = 0.0

    def changes(self) -> Iterator[Change]:
        """The breakers that have another state than before, in order; each is told once."""
        changes = self._desk.circuits.changes
        while changes:
            yield changes.popleft()

    def failing(self) -> Mapping[str, tuple[int, ...]]:
        """What commits should tell of task types that are held back, by task topic."""
        with self._lock:
            return self._desk.circuits.failing()

    def barred(self) -> frozenset[str]:
        """The topics of which nothing could start now, since all that they carry is held back."""
        if not self._desk.circuits.unwell:
            return frozenset()
        with self._lock:
            return self._desk.barred()

    def count(self) -> Mapping[Partition, int]:
        """How many of each partition are held back; counted now and then."""
        if not self._desk.circuits.unwell:
            return NONE
        now = time.monotonic()
        if now >= self._count_at:
            self._count_at = now + COUNT_EVERY
            with self._lock:
                self._counted = self._desk.held_back()
        return self._counted
