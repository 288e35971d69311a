"""How many records one call may take from the client. Pure.

Limits are looked at between calls: what one call brings is held, whatever they say. Of small records
a thousand are no matter; of the largest ones they would be a gigabyte.
"""

from __future__ import annotations

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
    """Expects records as large as the largest of late; that halves with each call that brings smaller ones.

    A call that brings nothing tells nothing: large tasks may come after a quiet hour.
    """

    __slots__ = ("_bytes", "_largest", "_records", "_seen")

    def __init__(self, limits: Limits) -> None:
        self._records = min(MOST_RECORDS, limits.records, limits.total_records)
        self._bytes = min(MOST_BYTES, limits.bytes, limits.total_bytes // SHARE)
        self._largest = UNSEEN
        self._seen = 0

    def next(self) -> int:
        """Records that the next call may take, at least one."""
        if self._seen:
            self._largest = max(self._seen, self._largest // 2)
            self._seen = 0
        return max(1, min(self._records, self._bytes // self._largest))

    def saw(self, size: int) -> None:
        """A record has come of so many bytes, as the ledger counts them: key and headers too."""
        self._seen = max(self._seen, size)
