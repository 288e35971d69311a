"""The completion map: which offsets above the committed one have an outcome already. Pure.

Whoever gets the partition next runs nothing again that ended behind one slow task (promise I3).

As numbers: pairs of how many offsets to step over and how many after them have an outcome, the first
pair counted from the committed offset. Offsets that a log leaves out (compaction, transaction markers)
may lie in either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from stillframe.consumer.progress.leb128 import pack

#: Offsets from the first to before the second.
Run = tuple[int, int]

_LARGEST: Final = 2**63 - 1


def pack_runs(offset: int, runs: Iterable[Run]) -> Iterator[bytes]:
    """Each run of a commit at ``offset``, in rising order."""
    cursor = offset
    for start, end in runs:
        yield pack((start - cursor, end - start))
        cursor = end


def read_runs(offset: int, numbers: Sequence[int]) -> Iterator[Run]:
    """The runs of a commit at ``offset``.

    Raises:
        ValueError: these numbers are no map.
    """
    if len(numbers) % 2:
        raise ValueError("the last run has no length")
    cursor = offset
    for skipped, length in zip(numbers[::2], numbers[1::2], strict=True):
        start, cursor = cursor + skipped, cursor + skipped + length
        if not length or cursor > _LARGEST:
            raise ValueError("a run is empty, or ends beyond the largest offset")
        yield start, cursor
