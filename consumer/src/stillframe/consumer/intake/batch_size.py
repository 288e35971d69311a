"""How many records one call may take from the client. Pure.

Limits are looked at between calls: what one call brings is held, whatever they say. Of small records
a thousand are no matter; of the largest ones they would be a gigabyte.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from stillframe.consumer.intake.pressure import Limits

#: Records of a call at most.
MOST_RECORDS: Final = 1_000
#: Bytes of a call at most, as far as they can be foreseen.
MOST_BYTES: Final = 16 * 2**20
#: And the share of all that may be held.
SHARE: Final = 8
#: What a record is taken for before one has been seen: the broker's default of `max.message.bytes`.
UNSEEN: Final = 2**20


class BatchSize:
    """Expects records as large as the largest of late, which halves with each call that brings smaller ones."""

    __slots__ = ("_bytes", "_largest", "_records")

    def __init__(self, limits: Limits) -> None:
        self._records = min(MOST_RECORDS, limits.records, limits.total_records)
        self._bytes = min(MOST_BYTES, limits.bytes, limits.total_bytes // SHARE)
        self._largest = UNSEEN

    def next(self) -> int:
        """Records that the next call may take, at least one."""
        return max(1, min(self._records, self._bytes // self._largest))

    def took(self, sizes: Iterable[int]) -> None:
        """A call has brought values of so many bytes."""
        self._largest = max(max(sizes, default=self._largest), self._largest // 2, 1)
