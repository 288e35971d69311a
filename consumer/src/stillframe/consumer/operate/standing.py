"""Why a partition does not move, as far as the broker can tell. Pure.

A worker knows more of its own partitions: :mod:`stillframe.consumer.explain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stillframe.consumer.operate.cluster import Group
from stillframe.consumer.operate.lag import PartitionLag, Role
from stillframe.consumer.operate.quantities import moment
from stillframe.consumer.progress.strict_waits import Wait

STABLE: Final = "STABLE"


@dataclass(frozen=True, slots=True)
class Frontier:
    """The first record that has no outcome.

    Attributes:
        task_type, task_id: as its headers have it.
        attempt: the number of the attempt that comes next.
        due: epoch milliseconds before which it does not run; ``None`` for at once.
        written: epoch milliseconds.
    """

    offset: int
    task_type: str | None
    task_id: str | None
    attempt: int
    due: int | None
    written: int


@dataclass(frozen=True, slots=True)
class Standing:
    """One partition, seen from outside.

    Attributes:
        owner: the member that it is assigned to; ``None`` if it is nobody's.
        frontier: ``None`` if nothing is left to do, or the record there could not be read.
    """

    topic: str
    role: Role
    lag: PartitionLag
    owner: str | None = None
    frontier: Frontier | None = None

    @property
    def wait(self) -> Wait | None:
        """That of the frontier, if it waits at its place under strict retry order."""
        waits = () if self.lag.progress is None else self.lag.progress.waits
        return next((wait for wait in waits if wait.offset == self.lag.position), None)


def why(standing: Standing, group: Group, now: int) -> str:
    """Why a partition is where it is, in one sentence.

    Args:
        now: epoch milliseconds.
    """
    lag = standing.lag
    if lag.deleted:
        return f"{lag.deleted:,} offsets were deleted by retention before they were committed, up to {lag.start}"
    if not lag.lag:
        return "everything is done"
    if standing.owner is None:
        return f"{_left(lag)}, and {_nobody(group)}"
    return f"{_of_task(standing, now)}; {_left(lag)}"


def _nobody(group: Group) -> str:
    if not group.members:
        return "no worker of the group runs"
    if group.state != STABLE:
        return f"the group is rebalancing ({group.state})"
    return f"none of the group's {group.members} members is subscribed to it"


def _of_task(standing: Standing, now: int) -> str:
    frontier, wait = standing.frontier, standing.wait
    if frontier is None:
        return f"nothing could be read at offset {standing.lag.position}"
    named = " ".join(each for each in (frontier.task_type, frontier.task_id) if each)
    told = f"offset {frontier.offset}" + (f" ({named})" if named else "")
    attempt, due = (frontier.attempt, frontier.due) if wait is None else (wait.attempt, wait.due)
    tried = f", attempt {attempt}," if attempt > 1 else ""
    if due is not None and due > now:
        keeps = ", and keeps its place" if wait is not None else ""
        return f"{told}{tried} waits for its time, {moment(due)}{keeps}"
    return f"{told}{tried} has no outcome yet, written {_ago(now - frontier.written)} ago"


def _left(lag: PartitionLag) -> str:
    done = f", {lag.done:,} of them done" if lag.done else ""
    return f"{lag.lag:,} offsets are not committed{done}"


def _ago(milliseconds: int) -> str:
    seconds = max(0, milliseconds) // 1_000
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
