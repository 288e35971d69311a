"""Why an attempt was started more than once.

There are two good reasons. Its record lay at or above the committed frontier of its partition when the
partition changed hands because its owner had died, lost its session, or was still running it when the
drain was over. Or the record itself exists twice, since the attempt before it ran twice, for such a reason.
Anything else is a fault of the engine.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.facts import Location, Run

Attempt = tuple[str, int]
DESCENDS = "written twice"


@dataclass(frozen=True)
class Duplicate:
    """An attempt that was started more than once; without faults it is explained."""

    task: str
    attempt: int
    times: int
    causes: tuple[str, ...]
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"attempt {self.attempt} at task {self.task} started {self.times} times: {'; '.join(self.faults)}"
        )


@dataclass(frozen=True)
class Reason:
    """Why two starts follow each other; a bad reason is a fault."""

    text: str
    good: bool


def duplicates(evidence: Evidence) -> list[Duplicate]:
    """Every attempt that was started more than once."""
    runs = _by_attempt(evidence.runs)
    found = []
    for (task, attempt), again in runs.items():
        if len(again) > 1:
            reasons = [
                *_repeats(evidence, again),
                *_copies(evidence, again, len(runs.get((task, attempt - 1), ()))),
            ]
            causes = tuple(reason.text for reason in reasons if reason.good)
            faults = tuple(reason.text for reason in reasons if not reason.good)
            found.append(Duplicate(task, attempt, len(again), causes, faults))
    return found


def unexplained(found: Iterable[Duplicate]) -> Iterator[str]:
    """Those without a good reason (I3)."""
    return (str(duplicate) for duplicate in found if duplicate.faults)


def dead_twice(evidence: Evidence) -> Iterator[str]:
    """Tasks with more dead letters than attempts that ended dead."""
    letters = Counter(record.task for record in evidence.records.values() if record.role == "dead")
    ends = Counter(run.task for run in evidence.runs if run.end == "dead")
    for task, number in letters.items():
        if number > max(1, ends[task]):
            yield f"task {task}: {number} dead letters, {ends[task]} attempts that ended so"


def _repeats(evidence: Evidence, runs: list[Run]) -> Iterator[Reason]:
    """Starts of one attempt from one and the same record."""
    places: defaultdict[Location, list[Run]] = defaultdict(list)
    for run in runs:
        places[run.where].append(run)
    for again in places.values():
        for earlier, later in pairwise(again):
            yield _repeat(evidence, earlier, later)


def _repeat(evidence: Evidence, earlier: Run, later: Run) -> Reason:
    where, before = later.where, earlier.ownership
    if before is later.ownership:
        return Reason(f"twice while {before.process} owned {where}", good=False)
    frontier = evidence.commits[where.home].frontier(later.ownership.since)
    if where.offset < frontier:
        return Reason(f"{where} lay below the committed frontier {frontier}", good=False)
    match before.ending:
        case "killed" | "lost":
            return Reason(before.ending, good=True)
        case "revoked" | "stopped" if where in before.unfinished:
            return Reason("ran beyond the drain", good=True)
        case "":
            return Reason(f"{where} was owned by {before.process} still", good=False)
        case ending:
            return Reason(
                f"{where} was {ending} from {before.process}, where nothing was running", good=False
            )


def _copies(evidence: Evidence, runs: list[Run], predecessors: int) -> Iterator[Reason]:
    """Starts of one attempt from different records, or in memory after different deliveries of one.

    Each is born of an attempt before it, in memory or by a hand-off, so there may not be more of them than
    those. Whether these had a good reason to be more than one is asked where they are judged themselves.
    """
    born = {(run.where, None if _native(evidence, run) else run.ownership) for run in runs}
    deliveries = {run.where for run in runs}
    if len(deliveries) == 1 and len(born) <= max(1, predecessors):
        return
    good = len(born) <= predecessors
    yield Reason(
        f"{DESCENDS}: {len(born)} of it after {predecessors} starts of the attempt before", good=good
    )


def _native(evidence: Evidence, run: Run) -> bool:
    """Whether the record itself is of this attempt, not of an earlier one that was retried in memory."""
    record = evidence.records.get(run.where)
    return record is not None and record.attempt == run.attempt


def _by_attempt(runs: Iterable[Run]) -> dict[Attempt, list[Run]]:
    found: defaultdict[Attempt, list[Run]] = defaultdict(list)
    for run in runs:
        found[run.task, run.attempt].append(run)
    return found
