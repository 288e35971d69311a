"""What became of every acknowledged task.

Sets are compared, never counts: one loss and one duplicate would cancel.
"""

from collections.abc import Iterator

from tests.chaos.checker.evidence import Evidence


def lost(evidence: Evidence) -> Iterator[str]:
    """Tasks that were acknowledged and have no end (I1)."""
    ended = evidence.done | evidence.dead | {evidence.task_at(where) for where in evidence.skipped}
    for task, where in evidence.acknowledged.items():
        if task not in ended:
            yield f"task {task}, acknowledged at {where}: {_trace(evidence, task)}"


def two_ends(evidence: Evidence) -> Iterator[str]:
    """Tasks that were both done and dead-lettered; what our handlers do depends on task and attempt alone."""
    for task in sorted(evidence.done & evidence.dead):
        yield f"task {task}: {_trace(evidence, task)}"


def strangers(evidence: Evidence) -> Iterator[str]:
    """Attempts at what lies in no topic."""
    for run in evidence.runs:
        record = evidence.records.get(run.where)
        if record is None or record.task != run.task:
            yield f"attempt {run.attempt} at task {run.task} by {run.ownership.process} from {run.where}"


def vanished(evidence: Evidence) -> Iterator[str]:
    """Hand-offs that were reported as acknowledged, of which the next topic knows nothing."""
    there = {(record.task, record.where.topic) for record in evidence.records.values()}
    for handoff in evidence.handoffs:
        if (evidence.task_at(handoff.where), handoff.topic) not in there:
            yield f"{handoff.where} to {handoff.topic}"


def _trace(evidence: Evidence, task: str) -> str:
    """How far it got, for whoever has to find out why."""
    runs = [
        f"{run.attempt}@{run.ownership.process}:{run.end or 'cut off'}" for run in evidence.runs if run.task == task
    ]
    lies = [f"{record.where}" for record in evidence.records.values() if record.task == task]
    return f"attempts {', '.join(runs) or 'none'}; lies at {', '.join(lies) or 'no place'}"
