"""How much one partition may hold before its intake stops, and when it goes on. Pure.

Pausing makes librdkafka throw away what it had prefetched, so there is a wide gap between the
level that pauses and the level that resumes (hysteresis), and nothing pauses per record.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from stillframe.consumer.progress.ledger import Ledger
from stillframe.consumer.progress.strict_waits import MOST_WAITS

RECORDS: Final = "records"
BYTES: Final = "bytes"
SPAN: Final = "span"
MAP: Final = "map"
#: Nothing but strict retries is started, either: every place is taken (:mod:`..dispatch.places`).
WAITS: Final = "strict retries"

#: Share of the commit's metadata at which intake stops: when what is here could fill so much of it, whichever of
#: it ends next. A batch more still fits; beyond that the map would be cut, and every change of owner would run
#: again what it no longer tells.
FULL_METADATA: Final = 0.65


@dataclass(frozen=True, slots=True)
class Limits:
    """What a partition may hold unfinished: records, bytes, and offsets from the oldest to the newest.

    Besides, its strict retries and its map of what is done above the oldest must fit into the metadata of a commit.

    Attributes:
        total_records, total_bytes: what all owned partitions may hold together.
    """

    records: int
    bytes: int
    span: int
    resume_ratio: float
    total_records: int
    total_bytes: int

    def among(self, partitions: int) -> Limits:
        """The limits of each of so many: its own, and no more than an equal share of the total.

        A share and not a common purse: no partition is ever paused for what another one holds.
        """
        return replace(
            self,
            records=max(1, min(self.records, self.total_records // partitions)),
            bytes=max(1, min(self.bytes, self.total_bytes // partitions)),
        )

    def exceeded(self, ledger: Ledger, *, paused: bool) -> str | None:
        """The first limit that the ledger exceeds; while paused, the lower level of resuming counts."""
        ratio = self.resume_ratio if paused else 1.0
        if ledger.unfinished >= self.records * ratio:
            return RECORDS
        if ledger.bytes >= self.bytes * ratio:
            return BYTES
        if ledger.span >= self.span * ratio:
            return SPAN
        # As long as some are still to come, reading on is the only way to have fewer of them.
        if ledger.waiting >= MOST_WAITS * ratio and not ledger.promised:
            return WAITS
        if ledger.fullness >= FULL_METADATA * ratio:
            return MAP
        return None
