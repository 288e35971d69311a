"""Order and time: what may not run before, or at the same time as, something else."""

from collections.abc import Callable, Hashable, Iterable, Iterator

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.facts import Location, Run

Lane = Callable[[Run], Hashable]


def inversions(evidence: Evidence) -> Iterator[str]:
    """First attempts of a key against the order of their offsets (I4).

    In each ownership; and over all of them, by when each task was started for the first time by who owned it.
    """
    firsts = [run for run in evidence.runs if run.attempt == 1]
    yield from _out_of_order(firsts, lambda run: (id(run.ownership), run.key))
    owned = (run for run in firsts if not run.late)
    yield from _out_of_order(_earliest(owned), lambda run: (run.where.home, run.key))


def overlaps(evidence: Evidence) -> Iterator[str]:
    """Two attempts of a key at the same time: in one process (I4), or in two of which neither had lost its
    session nor outrun its drain.

    Where the assignor does not keep a partition and those of its retry topics together, their owners cannot
    know of each other: then, across processes, only attempts from the task topic count.
    """
    yield from _at_once(evidence.runs, lambda run: (run.ownership.process, run.key))
    runs = [run for run in evidence.runs if evidence.together or _from_task_topic(evidence, run)]
    for one, other in _apart(runs):
        if not (_let_go(one) or other.late):
            yield _together(one, other)


def overlaps_with_retries(evidence: Evidence) -> int:
    """How often a key ran in two processes at once because one of them had it from a retry topic."""
    return sum(
        not (_from_task_topic(evidence, one) and _from_task_topic(evidence, other))
        for one, other in _apart(evidence.runs)
    )


def late_starts(evidence: Evidence) -> int:
    """How many attempts were started by who did not know yet that its session was lost."""
    return sum(run.late for run in evidence.runs)


def early(evidence: Evidence) -> Iterator[str]:
    """Attempts before their time (I5): a record's own, or the one that the attempt before it has set."""
    dues = {(run.ownership, run.where, run.task, run.attempt): run.due for run in evidence.runs if run.due}
    for run in evidence.runs:
        record = evidence.records.get(run.where)
        if record is not None and record.attempt == run.attempt:
            due: int | None = record.not_before
        else:
            due = dues.get((run.ownership, run.where, run.task, run.attempt - 1))
        if due is not None and run.wall < due:
            yield f"attempt {run.attempt} at task {run.task} from {run.where}: {due - run.wall} ms too early"


def too_late(evidence: Evidence) -> Iterator[str]:
    """Attempts that started after their process had given the partition up (I7).

    Not after a lost session: its end is told from another thread, and an attempt may be just starting.
    """
    for run in evidence.runs:
        if run.ownership.ending in {"revoked", "stopped"} and run.started > run.ownership.until:
            since = run.started - run.ownership.until
            yield f"attempt {run.attempt} at {run.where} in {run.ownership.process}, {since:.3f} s too late"


def _out_of_order(runs: Iterable[Run], lane: Lane) -> Iterator[str]:
    highest: dict[Hashable, Run] = {}
    for run in runs:
        before = highest.setdefault(lane(run), run)
        if run.where.offset < before.where.offset:
            yield f"{run.where} of key {run.key!r} started after {before.where} in {run.ownership.process}"
        else:
            highest[lane(run)] = run


def _earliest(runs: Iterable[Run]) -> Iterator[Run]:
    seen: set[Location] = set()
    for run in runs:
        if run.where not in seen:
            seen.add(run.where)
            yield run


def _at_once(runs: Iterable[Run], lane: Lane) -> Iterator[str]:
    return (_together(one, other) for one, other in _pairs_at_once(runs, lane))


def _pairs_at_once(runs: Iterable[Run], lane: Lane) -> Iterator[tuple[Run, Run]]:
    """Each run with the one of its lane that had not ended when it started; one that was killed has, then."""
    latest: dict[Hashable, Run] = {}
    for run in runs:
        before = latest.get(lane(run))
        if before is not None and _end(before) > run.started:
            yield before, run
        if before is None or _end(run) > _end(before):
            latest[lane(run)] = run


def _apart(runs: Iterable[Run]) -> Iterator[tuple[Run, Run]]:
    """Attempts of a key that were running in two processes at once."""
    for one, other in _pairs_at_once(runs, lambda run: run.key):
        if one.ownership.process != other.ownership.process:
            yield one, other


def _end(run: Run) -> float:
    killed = run.ownership.until if run.ownership.ending == "killed" else float("inf")
    return min(run.ended, killed)


def _let_go(run: Run) -> bool:
    """Whether its partition went to somebody else while it ran, as it may."""
    return run.ownership.lost or run.where in run.ownership.unfinished


def _from_task_topic(evidence: Evidence, run: Run) -> bool:
    record = evidence.records.get(run.where)
    return record is not None and record.role == "task"


def _together(one: Run, other: Run) -> str:
    return (
        f"{other.where} in {other.ownership.process} started while {one.where} "
        f"in {one.ownership.process} was running: both of key {one.key!r}"
    )
