"""Why an attempt was started more than once.

There are good reasons. Its record lay at or above the committed frontier of its partition when the
partition changed hands because its owner had died, lost its session, or was still running it, or writing it
to its next topic, when the drain was over. Or the record itself exists twice, since the attempt before it
ran twice, for such a reason, or since no broker had told in time whether it had the record, and it was sent
again; or the producer's client wrote it twice while leaders moved.
Anything else is a fault of the engine.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.facts import Location, Run

Attempt = tuple[str, int]
#: Seconds from the end of a handler to its entry in the ledger, at the very most.
BOOKING = 1.0


@dataclass(frozen=True)
class Duplicate:
    """An attempt that was started more than once; without faults it is explained."""

    task: str
    attempt: int
    times: int
    causes: tuple[str, ...]
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"attempt {self.attempt} at task {self.task} started {self.times} times: {'; '.join(self.faults)}"


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
                *_copies(evidence, again, _parents(evidence, runs, (task, attempt - 1))),
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
    ends += evidence.unknown_letters
    for task, number in letters.items():
        if number > max(1, ends[task]):
            yield f"task {task}: {number} dead letters, {ends[task]} attempts that ended so"


def _repeats(evidence: Evidence, runs: list[Run]) -> Iterator[Reason]:
    """Starts of one attempt from one and the same record."""
    places: defaultdict[Location, list[Run]] = defaultdict(list)
    for run in runs:
        places[run.where].append(run)
    for again in places.values():
        yield from (_belated(run, again) for run in again if run.late)
        for earlier, later in pairwise(run for run in again if not run.late):
            yield _repeat(evidence, earlier, later)


def _belated(run: Run, again: list[Run]) -> Reason:
    """A start by someone who did not know yet that its session was lost, of what was in its memory."""
    if any(each.ownership is run.ownership and each is not run for each in again):
        return Reason(f"twice while {run.ownership.process} believed to own {run.where}", good=False)
    return Reason("started by a worker that had lost its session, and did not know yet", good=True)


def _repeat(evidence: Evidence, earlier: Run, later: Run) -> Reason:
    where, before = later.where, earlier.ownership
    if fault := _needless(evidence, earlier, later):
        return Reason(fault, good=False)
    match before.ending:
        case "killed":
            return Reason("above the committed frontier of a killed worker", good=True)
        case "lost":
            return Reason("above the committed frontier of a lost session", good=True)
        case "revoked" | "stopped" if where in before.unfinished:
            return Reason("still running, or on its way to its next topic, when the drain was over", good=True)
        case "revoked" | "stopped" if before.refused:
            return Reason("its last commit was refused by a coordinator that was moving", good=True)
        case ending:
            return Reason(f"{where} was {ending} from {before.process}, where nothing was running", good=False)


def _needless(evidence: Evidence, earlier: Run, later: Run) -> str:
    """Why the second start would have been needless whatever became of the first one's owner."""
    where, before = later.where, earlier.ownership
    if before is later.ownership:
        return f"twice while {before.process} owned {where}"
    if before.until > later.started and not before.lost:  # who loses a session is the last to know
        return f"{where} was owned by {before.process} still"
    if later.ownership.start.covers(where.offset):
        return f"{where} was done, says the commit that {later.ownership.process} began with"
    if _left_out(evidence, earlier):
        return f"{where} had its outcome in {before.process} before its last two commits, and is in neither"
    return ""


def _left_out(evidence: Evidence, run: Run) -> bool:
    """Whether the last commit of its owner should have said that it was done (I3).

    That commit was read from the ledger after the one before it had been acknowledged. What was done by then,
    with time to be booked, is in it, below its offset or in its map, unless the map was full.
    """
    commits = run.ownership.commits
    if len(commits) < 2 or commits[-1].full:
        return False
    return evidence.outcome(run) < commits[-2].at - BOOKING


def _parents(evidence: Evidence, runs: dict[Attempt, list[Run]], before: Attempt) -> int:
    """How many records or waits the attempt before may have left: one a start, and one a hand-off in doubt.

    Of a first attempt: as many as the client has written. Where leaders move, librdkafka's idempotent producer may
    write a record twice (its issue 4953).
    """
    task, attempt = before
    if attempt == 0:
        return evidence.written[task] if task in evidence.amid_upheaval else 0
    return len(runs.get(before, ())) + evidence.unknown_retries[before]


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
    text = f"descends from a repeated hand-off: {len(born)} copies, from {predecessors} at most"
    yield Reason(text, good=good)


def _native(evidence: Evidence, run: Run) -> bool:
    """Whether the record itself is of this attempt, not of an earlier one that was retried in memory."""
    record = evidence.records.get(run.where)
    return record is not None and record.attempt == run.attempt


def _by_attempt(runs: Iterable[Run]) -> dict[Attempt, list[Run]]:
    found: defaultdict[Attempt, list[Run]] = defaultdict(list)
    for run in runs:
        found[run.task, run.attempt].append(run)
    return found
