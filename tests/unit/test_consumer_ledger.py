"""The ledger's memory is that of what is unfinished and of runs, however far apart the offsets lie."""

from itertools import chain

from stillframe.consumer.progress.ledger import Ledger
from stillframe.consumer.progress.metadata import decode

SPAN = 10_000_000
STEP = 10_000


def slots_of(ledger: Ledger) -> int:
    """How many numbers the ledger holds, in all its parts."""
    parts = (ledger._unfinished, ledger._waits, ledger._promised, ledger._runs._starts, ledger._runs._ends)
    return sum(len(part) for part in parts)


def test_a_sparse_span_of_10_million_costs_what_lies_in_it() -> None:
    """A log that compaction has thinned out to 1,000 records, behind one that is stuck."""
    ledger = Ledger(0)
    for offset in range(0, SPAN, STEP):
        assert ledger.receive(offset, 1)
    for offset in range(STEP, SPAN, STEP):
        assert ledger.finish(offset)
    assert ledger.span == SPAN - STEP + 1
    assert slots_of(ledger) == 3  # one offset, and one run with its two ends
    assert decode(*ledger.commit_point()).runs == ((1, SPAN - STEP + 1),)


def test_200_000_done_behind_one_that_is_stuck_are_one_run() -> None:
    """In whatever order they end: runs come together as the gaps between them end."""
    ledger = Ledger(0)
    for offset in range(200_000):
        ledger.receive(offset, 100)
    for offset in chain(range(1, 1_000, 2), range(2, 1_000, 2), range(1_000, 200_000)):
        ledger.finish(offset)
    assert slots_of(ledger) == 3
    assert len(ledger.commit_point().metadata) < 20
