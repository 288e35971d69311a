"""How far a group has come in a partition, read from its commits. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace

from stillframe.consumer.progress.completion_map import Run
from stillframe.consumer.progress.metadata import UnreadableMetadata, decode, encode
from stillframe.consumer.progress.strict_waits import Wait


@dataclass(frozen=True, slots=True)
class Progress:
    """Everything below ``offset`` is behind the group, and so are the runs above it, in rising order.

    A worker commits its progress so (promise I3).

    Attributes:
        waits: failed tasks that keep their place under strict retry order; only a worker commits them.
    """

    offset: int
    runs: tuple[Run, ...] = ()
    waits: tuple[Wait, ...] = ()

    @classmethod
    def read(cls, offset: int, metadata: str | None) -> Progress:
        """From a commit; metadata that is none of ours says nothing of what lies above the offset."""
        try:
            known = decode(offset, metadata)
            return cls(offset, known.runs, known.waits)
        except UnreadableMetadata:
            return cls(offset)

    @property
    def metadata(self) -> str:
        """What to commit with the offset; of runs that do not fit, the last are forgotten."""
        return encode(self.offset, self.runs, self.waits)

    @property
    def above(self) -> int:
        """How many offsets the runs hold."""
        return sum(end - start for start, end in self.runs)

    def count(self, start: int, end: int) -> int:
        """How many of the offsets from ``start`` to before ``end`` are behind the group."""
        below = max(0, min(end, self.offset) - start)
        return below + sum(max(0, min(last, end) - max(first, start)) for first, last in self.runs)

    def includes(self, offset: int) -> bool:
        if offset < self.offset:
            return True
        index = bisect_right(self.runs, offset, key=lambda run: run[0])
        return index > 0 and offset < self.runs[index - 1][1]

    def plus(self, runs: Iterable[Run]) -> Progress:
        """With some offsets more, in runs; the position moves up over what has become contiguous.

        A strict wait stays, unless it was for one of them.
        """
        position, merged = self.offset, list[Run]()
        for start, end in sorted([*self.runs, *runs]):
            if start <= position:
                position = max(position, end)
            elif merged and start <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(merged[-1][1], end)
            else:
                merged.append((start, end))
        more = Progress(position, tuple(merged))
        return replace(more, waits=tuple(wait for wait in self.waits if not more.includes(wait.offset)))

    def past(self, offset: int) -> Progress:
        """With everything below an offset, whether there are records or gaps."""
        return replace(self, offset=max(self.offset, offset)).plus(())
