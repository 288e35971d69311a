"""Strict waits: failed tasks at the head of their lane, and when each is to run again. Pure.

Under strict retry order such a task waits in memory, at its place. Its attempt and due time are in no
record's headers: they ride in the commit, so that whoever gets the partition next goes on from there
(promise I5).

As numbers, four for each wait: offsets since the wait before it, or since the committed offset; attempt;
due time since that of the wait before it, or since 0; first failure before the due time. Times are in
milliseconds; those of several waits are near each other, so they are small as differences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from stillframe.consumer.progress.leb128 import pack, unzigzag, zigzag
from stillframe.schemas.headers import LARGEST_OFFSET, LATEST_MS, MOST_ATTEMPTS

#: Strict waits that a partition may hold. The metadata has room for 2,954 bytes, and a wait takes 14 of
#: them, with all 200 in a span of 100,000 offsets (2 bytes each, on average), up to 16,383 attempts (2), due
#: times within 30 days of each other (5), and first failures within half a year of them (5). So 200 always
#: fit; with delays of minutes a wait takes 8 bytes or 9, and what is left is the completion map's.
MOST_WAITS: Final = 200
NUMBERS: Final = 4


class Wait(NamedTuple):
    """A failed task's next delivery.

    Attributes:
        attempt: the number of the attempt that comes next.
        due: epoch milliseconds before which it must not start.
        first_failed_at: epoch milliseconds.
    """

    offset: int
    attempt: int
    due: int
    first_failed_at: int


def pack_waits(offset: int, waits: Iterable[Wait]) -> Iterator[bytes]:
    """Each wait of a commit at ``offset``, by rising offset."""
    cursor, before = offset, 0
    for wait in waits:
        since = zigzag(wait.due - before), zigzag(wait.due - wait.first_failed_at)
        yield pack((wait.offset - cursor, wait.attempt, *since))
        cursor, before = wait.offset, wait.due


def read_waits(offset: int, numbers: Sequence[int]) -> Iterator[Wait]:
    """The waits of a commit at ``offset``.

    Raises:
        ValueError: these numbers are no waits.
    """
    if len(numbers) % NUMBERS:
        raise ValueError("there are fewer strict waits than announced")
    cursor, due = offset, 0
    for at in range(0, len(numbers), NUMBERS):
        stepped, attempt, since, before = numbers[at : at + NUMBERS]
        cursor, due = cursor + stepped, due + unzigzag(since)
        wait = Wait(cursor, attempt, due, due - unzigzag(before))
        if not _is_sound(wait) or (at and not stepped):
            raise ValueError("a strict wait is beyond what can be")
        yield wait


def _is_sound(wait: Wait) -> bool:
    times = 0 <= wait.due <= LATEST_MS and 0 <= wait.first_failed_at <= LATEST_MS
    return times and wait.offset <= LARGEST_OFFSET and 1 <= wait.attempt <= MOST_ATTEMPTS
