"""Where a partition starts: at its commit, with what that says is done above it, or at the log's beginning. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from stillframe.consumer.intake.partition import LogBounds
from stillframe.consumer.progress.ledger import CommitPoint, Ledger
from stillframe.consumer.progress.metadata import UnreadableMetadata, decode


class Start(NamedTuple):
    """How an ownership begins.

    Attributes:
        ledger: what is to be received, and what of it is done already.
        committed: what the broker has; ``None`` if the group never committed this partition.
        ignored: why the commit's metadata is not believed, which only costs duplicates.
    """

    ledger: Ledger
    committed: CommitPoint | None
    ignored: str | None = None


def start_at(committed: CommitPoint | None, bounds: Callable[[], LogBounds]) -> Start:
    """Decide.

    Args:
        bounds: asks where the log begins and ends; called only where it matters.
    """
    if committed is None:
        # As of an empty retry tier, perhaps for months: its end would skip, 0 may be deleted.
        return Start(Ledger(bounds().start), None)
    try:
        known = decode(*committed)
    except UnreadableMetadata as error:
        return Start(Ledger(committed.offset), committed, str(error))
    if known.end and known.end > bounds().end:
        why = "it reaches beyond the log's end: was the topic made anew?"
        return Start(Ledger(committed.offset), committed, why)
    return Start(Ledger(committed.offset, known), committed)
