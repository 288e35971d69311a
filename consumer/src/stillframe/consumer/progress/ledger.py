"""The ledger of one partition: which offsets were received, which of them have no outcome yet.

Pure: no thread, no clock, no Kafka. Only offsets that were received count. The next offset of a
log is not always the last one plus one: transaction markers, compaction and a log that starts
above 0 leave gaps, and a ledger that waited for the missing numbers would wait for ever.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from stillframe.consumer.progress.completion_map import Run, encode


class CommitPoint(NamedTuple):
    """What is committed: one read of the ledger, so that offset and map belong together."""

    offset: int
    metadata: str


class Ledger:
    """Received offsets without an outcome, in order.

    Invariant (promise I2): :attr:`committable` is never above an offset that was received and has
    no outcome.

    Memory is proportional to the unfinished offsets, whatever the span they lie in.
    """

    __slots__ = ("_done_before", "_position", "_unfinished", "bytes")

    def __init__(self, start: int, done_before: Iterable[Run] = ()) -> None:
        """A ledger of a partition that begins.

        Args:
            start: the first offset that may be received: the committed one, or the log's beginning.
            done_before: runs above it that had an outcome when it was committed, in rising order.
        """
        self._position = start
        self._done_before = deque(done_before)
        # An OrderedDict, since its first key is found in constant time however many were deleted
        # before it; a dict walks over the holes.
        self._unfinished: OrderedDict[int, int] = OrderedDict()
        self.bytes = 0

    def receive(self, offset: int, size: int) -> bool:
        """Take in the next offset; False for one that needs no run: received before, or done before."""
        if offset < self._position:
            return False
        self._position = offset + 1
        while self._done_before and self._done_before[0][1] <= offset:
            self._done_before.popleft()
        if self._done_before and self._done_before[0][0] <= offset:
            return False
        self._unfinished[offset] = size
        self.bytes += size
        return True

    def finish(self, offset: int) -> bool:
        """Record an outcome; False if the offset has one already or was never received."""
        size = self._unfinished.pop(offset, None)
        if size is None:
            return False
        self.bytes -= size
        return True

    @property
    def committable(self) -> int:
        """The lowest offset without an outcome, or the one after the last received."""
        return next(iter(self._unfinished), self._position)

    def commit_point(self) -> CommitPoint:
        """The committable offset, with the map of what has an outcome above it."""
        offset = self.committable
        return CommitPoint(offset, encode(offset, self._done_above()))

    @property
    def unfinished(self) -> int:
        """How many offsets have no outcome yet."""
        return len(self._unfinished)

    @property
    def span(self) -> int:
        """Offsets from the oldest unfinished one to the position."""
        return self._position - self.committable

    def _done_above(self) -> Iterator[Run]:
        """Runs between unfinished offsets, then what was done before and is not received again yet."""
        cursor = self.committable
        for offset in self._unfinished:
            if offset > cursor:
                yield cursor, offset
            cursor = offset + 1
        if self._position > cursor:
            yield cursor, self._position
        for start, end in self._done_before:
            if end > self._position:
                yield max(start, self._position), end
