"""The completion map: which offsets above the committed one have an outcome already. Pure.

Whoever gets the partition next runs nothing again that ended behind one slow task (promise I3).

Of two forms the shorter is written. As runs: pairs of numbers, how many offsets to step over and how many
after them have an outcome, the first pair counted from the committed offset. As bits: one for each offset
from the committed one on, the first the highest of its byte, set where there is an outcome. Runs are short
where one task is stuck in front of thousands, bits where every other one waits, behind a busy key.
Offsets that a log leaves out (compaction, transaction markers) may count as either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from math import ceil, log2
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


def pack_bits(offset: int, runs: Iterable[Run], most: int) -> bytes:
    """The runs of a commit at ``offset``, as far as so many bytes reach."""
    bits, cursor, stop = list[str](), offset, offset + 8 * most
    for start, end in runs:
        if start >= stop:
            break
        bits += "0" * (start - cursor), "1" * (min(end, stop) - start)
        cursor = min(end, stop)
    size = ceil((cursor - offset) / 8)
    return int("".join(bits).ljust(8 * size, "0") or "0", 2).to_bytes(size, "big")


def read_bits(offset: int, encoded: bytes) -> Iterator[Run]:
    """The runs of a commit at ``offset``.

    Raises:
        ValueError: these bytes are no map.
    """
    if offset + 8 * len(encoded) > _LARGEST:
        raise ValueError("the map ends beyond the largest offset")
    bits = "".join(f"{byte:08b}" for byte in encoded)
    return ((offset + run.start(), offset + run.end()) for run in re.finditer("1+", bits))


def most_bytes(span: int, runs: int, unfinished: int) -> int:
    """What a map can take, whichever of the unfinished tasks end next.

    As bits that is clear. As runs: each has an unfinished offset of its own before it, so from the present
    ones there are most of them once every other one has ended, (runs + unfinished) / 2. Their numbers add up
    to the span at most, and a number n takes 1 + log128(n) bytes at most: a concave function, so that they
    take most when all are equal.

    Args:
        span: offsets from the committed one to the end of what is known.
        runs: how many there are now.
    """
    numbers = runs + unfinished
    if not numbers or not span:
        return 0
    as_runs = numbers * (1 + log2(max(1.0, span / numbers)) / 7)
    return ceil(min(span / 8, as_runs))
