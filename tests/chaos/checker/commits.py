"""What was committed, against what had an outcome by then (I2)."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import takewhile

from tests.chaos.checker.evidence import FOREVER, Evidence
from tests.chaos.checker.facts import Commit, Location, Partition


def past_the_frontier(evidence: Evidence) -> Iterator[str]:
    """Commits that cover an offset, by themselves or by their map, which had no outcome when they were known.

    A worker's journal says what the broker has acknowledged to it, an assignment what the broker has told the
    next owner: so a commit shows even if its sender was killed before the answer came.
    """
    for partition, unchecked in _offsets(evidence).items():
        for commit in evidence.commits[partition]:
            for where in sorted(_newly_covered(unchecked, commit)):
                if evidence.settled.get(where, FOREVER) > commit.at:
                    yield f"{where} had no outcome when {commit.offset} was committed"


def backwards(evidence: Evidence) -> Iterator[str]:
    """Commits and assignments below what was committed before."""
    for (topic, number), commits in evidence.commits.items():
        highest = 0
        for commit in commits:
            if commit.offset < highest:
                yield f"{topic}[{number}] went from {highest} back to {commit.offset}"
            highest = max(highest, commit.offset)


def taken_from_the_lost(evidence: Evidence) -> Iterator[str]:
    """Commits that the broker has accepted from whom it had taken the partition (I7).

    The journal alone does not tell: the answer may have come before a freeze, and been written down after it.
    But then the next owner was told of that commit.
    """
    for ownership, commit in evidence.late_commits:
        told = ownership.successor
        if told is not None and commit.says_more(told.start):
            topic, number = ownership.partition
            yield f"{commit.offset} of {topic}[{number}] by {ownership.process}, which {told.process} owned"


def unfinished(evidence: Evidence) -> Iterator[str]:
    """Records that no commit covers in the end, after workers have stopped in order."""
    for partition, places in _offsets(evidence).items():
        committed = max((commit.offset for commit in evidence.commits[partition]), default=0)
        if left := [where for where in places if where.offset >= committed]:
            yield f"{len(left)} from {left[0]} on, committed is {committed}"


def _newly_covered(unchecked: list[Location], commit: Commit) -> set[Location]:
    """What a commit is the first to cover; it is taken out of the list, which is in order."""
    within = list(takewhile(lambda where: where.offset < commit.reach, unchecked))
    covered = {where for where in within if commit.covers(where.offset)}
    unchecked[: len(within)] = [where for where in within if where not in covered]
    return covered


def _offsets(evidence: Evidence) -> defaultdict[Partition, list[Location]]:
    """What lies in each partition that workers read, in order."""
    offsets: defaultdict[Partition, list[Location]] = defaultdict(list)
    for where in sorted(record.where for record in evidence.records.values() if record.role != "dead"):
        offsets[where.home].append(where)
    return offsets
