"""A set of offsets kept as runs, in rising order. Pure.

Its memory is that of its runs, however many offsets they hold.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from stillframe.consumer.progress.completion_map import Run


class Runs:
    """Offsets in runs that neither overlap nor touch each other."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in runs:
            self.add(start, end)

    def add(self, start: int, end: int) -> None:
        """Take in the offsets from ``start`` to before ``end``."""
        first = bisect_left(self._ends, start)
        beyond = bisect_right(self._starts, end, first)
        if first < beyond:  # these runs and the new one become one
            start, end = min(start, self._starts[first]), max(end, self._ends[beyond - 1])
        self._starts[first:beyond] = [start]
        self._ends[first:beyond] = [end]

    def forget_below(self, offset: int) -> None:
        gone = bisect_right(self._ends, offset)
        del self._starts[:gone], self._ends[:gone]
        if self._starts:
            self._starts[0] = max(self._starts[0], offset)

    def __contains__(self, offset: int) -> bool:
        at = bisect_right(self._ends, offset)
        return at < len(self._starts) and self._starts[at] <= offset

    def __iter__(self) -> Iterator[Run]:
        return zip(self._starts, self._ends, strict=True)

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def end(self) -> int:
        """The offset after the last one; 0 if there is none."""
        return self._ends[-1] if self._ends else 0
