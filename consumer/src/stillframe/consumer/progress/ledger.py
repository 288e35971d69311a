"""The ledger of one partition: which offsets were received, which of them have no outcome yet.

Pure: no thread, no clock, no Kafka. Only offsets that were received count. The next offset of a
log is not always the last one plus one: transaction markers, compaction and a log that starts
above 0 leave gaps, and a ledger that waited for the missing numbers would wait for ever.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import NamedTuple

from stillframe.consumer.progress.completion_map import most_bytes
from stillframe.consumer.progress.metadata import (
    MOST_CHARACTERS,
    MOST_TYPES,
    NOTHING,
    TYPE_BYTES,
    Known,
    encode,
    room_for_all,
)
from stillframe.consumer.progress.runs import Runs
from stillframe.consumer.progress.strict_waits import Wait, pack_waits


class CommitPoint(NamedTuple):
    """What is committed: one read of the ledger, so that offset, waits and map belong together."""

    offset: int
    metadata: str


class Ledger:
    """Received offsets without an outcome, in order; above the lowest of them, what has one, in runs.

    Invariant (promise I2): :attr:`committable` is never above an offset that was received and has
    no outcome.

    Memory is proportional to the unfinished offsets and the runs, whatever the span they lie in.
    """

    __slots__ = (
        "_known_end",
        "_most",
        "_position",
        "_promised",
        "_runs",
        "_unfinished",
        "_waits",
        "_waits_take",
        "bytes",
        "failing",
    )

    def __init__(self, start: int, known: Known = NOTHING) -> None:
        """A ledger of a partition that begins.

        Args:
            start: the first offset that may be received: the committed one, or the log's beginning.
            known: what the commit said of the offsets above it.
        """
        self._position = start
        # An OrderedDict, since its first key is found in constant time however many were deleted
        # before it; a dict walks over the holes.
        self._unfinished: OrderedDict[int, int] = OrderedDict()
        # Above the lowest unfinished offset: what has an outcome, and below the position gaps as well.
        self._runs = Runs(known.runs)
        self._waits: dict[int, Wait] = {}
        # Waits of the last owner whose records are still to come.
        self._promised = deque(known.waits)
        self._known_end = known.end
        self._most, self._waits_take = MOST_CHARACTERS, 0
        self.bytes = 0
        #: Task types whose circuit breaker is not closed, as the commit tells of them.
        self.failing = known.failing

    def receive(self, offset: int, size: int) -> bool:
        """Take in the next offset; False for one that needs no run: received before, or done before."""
        if offset < self._position:
            return False
        if offset == self._position >= self._known_end:  # as nearly always: no gap, and nothing known of it
            self._position = offset + 1
            self._unfinished[offset] = size
            self.bytes += size
            return True
        done = offset in self._runs
        end = offset + 1 if done else offset
        if self._unfinished and end > self._position:
            self._runs.add(self._position, end)
        self._position = offset + 1
        if not done:
            self._unfinished[offset] = size
            self.bytes += size
        self._follow_frontier()
        self._keep_promise(offset)
        return not done

    def finish(self, offset: int) -> bool:
        """Record an outcome; False if the offset has one already or was never received."""
        size = self._unfinished.pop(offset, None)
        if size is None:
            return False
        self.bytes -= size
        if self._waits:
            self._waits.pop(offset, None)
        frontier = next(iter(self._unfinished), self._position)
        if offset > frontier:
            self._runs.add(offset, offset + 1)
        elif self._runs:
            self._runs.forget_below(frontier)
        return True

    def wait(self, wait: Wait) -> None:
        """Note when an unfinished offset is to run again; its wait before, if any, is over."""
        if wait.offset in self._unfinished:
            self._waits[wait.offset] = wait

    def wait_of(self, offset: int) -> Wait | None:
        """The wait of a received offset, noted here or by the last owner."""
        return self._waits.get(offset)

    @property
    def committable(self) -> int:
        """The lowest offset without an outcome, or the one after the last received."""
        return next(iter(self._unfinished), self._position)

    def commit_point(self, most: int = MOST_CHARACTERS) -> CommitPoint:
        """The committable offset, with the waits and the map of what has an outcome above it.

        Args:
            most: characters of metadata that the broker takes.
        """
        offset, self._most = self.committable, most
        waits = [*sorted(self._waits.values()), *self._promised]
        self._waits_take = sum(map(len, pack_waits(offset, waits))) if waits else 0
        return CommitPoint(offset, encode(offset, self._runs, waits, self.failing, most=most))

    @property
    def fullness(self) -> float:
        """How full the metadata of a commit can get by what is here, whichever of it ends next: from 0, full is 1.

        0 as long as some of what the commit knew is still to come: reading on can only make it less.
        """
        if self._promised or self._runs.end > self._position:
            return 0.0
        room = room_for_all(self._most)
        types = TYPE_BYTES * min(len(self.failing), MOST_TYPES)
        done = most_bytes(self.span, len(self._runs), len(self._unfinished))
        return (types + self._waits_take + done) / room if room else 0.0

    @property
    def waiting(self) -> int:
        """How many received offsets have a wait."""
        return len(self._waits)

    @property
    def promised(self) -> int:
        """How many waits of the last owner are still to come."""
        return len(self._promised)

    @property
    def unfinished(self) -> int:
        """How many offsets have no outcome yet."""
        return len(self._unfinished)

    @property
    def span(self) -> int:
        """Offsets from the oldest unfinished one to the position."""
        return self._position - self.committable

    def _follow_frontier(self) -> None:
        if self._runs:
            self._runs.forget_below(self.committable)

    def _keep_promise(self, offset: int) -> None:
        """Up to this offset the last owner's waits have come, or their records are gone from the log."""
        while self._promised and self._promised[0].offset <= offset:
            wait = self._promised.popleft()
            if wait.offset == offset:
                self.wait(wait)
