"""What was committed, against what had an outcome by then (I2)."""

from collections import defaultdict
from collections.abc import Iterator

from tests.chaos.checker.evidence import FOREVER, Evidence
from tests.chaos.checker.facts import Location, Partition


def past_the_frontier(evidence: Evidence) -> Iterator[str]:
    """Commits above an offset that had no outcome when the commit was known.

    A worker's journal says what the broker has acknowledged to it, an assignment what the broker has told the
    next owner: so a commit shows even if its sender was killed before the answer came.
    """
    offsets = _offsets(evidence)
    for partition, commits in evidence.commits.items():
        checked = 0
        for at, committed in commits.known:
            below = [where for where in offsets[partition][checked:] if where.offset < committed]
            for where in below:
                if evidence.settled.get(where, FOREVER) > at:
                    yield f"{committed} was committed, and {where} had no outcome"
            checked += len(below)


def backwards(evidence: Evidence) -> Iterator[str]:
    """Commits and assignments below what was committed before."""
    for (topic, number), commits in evidence.commits.items():
        highest = 0
        for _, committed in commits.known:
            if committed < highest:
                yield f"{topic}[{number}] went from {highest} back to {committed}"
            highest = max(highest, committed)


def unfinished(evidence: Evidence) -> Iterator[str]:
    """Records that no commit covers in the end, after workers have stopped in order."""
    for partition, places in _offsets(evidence).items():
        committed = evidence.commits[partition].frontier(FOREVER)
        if left := [where for where in places if where.offset >= committed]:
            yield f"{len(left)} from {left[0]} on, committed is {committed}"


def _offsets(evidence: Evidence) -> defaultdict[Partition, list[Location]]:
    """What lies in each partition that workers read, in order."""
    offsets: defaultdict[Partition, list[Location]] = defaultdict(list)
    for where in sorted(record.where for record in evidence.records.values() if record.role != "dead"):
        offsets[where.home].append(where)
    return offsets
