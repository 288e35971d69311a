"""What each kill hit, and how long it took until others had what it held."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.facts import Location, Ownership, Run


@dataclass(frozen=True)
class Recovery:
    """One kill.

    Attributes:
        running: attempts that were cut off.
        again: attempts, cut off or ended, that others had to start again.
        seconds: until the last partition it held was assigned anew; none if one never was.
    """

    process: str
    partitions: int
    running: int
    again: int
    seconds: float | None


def recoveries(evidence: Evidence) -> Iterator[Recovery]:
    """Every kill, in order."""
    for at, victim in evidence.kills:
        held = [each for each in evidence.ownerships.values() if each.process == victim and each.ending == "killed"]
        waits = [_taken_over(evidence, ownership, at) for ownership in held]
        known = [wait for wait in waits if wait is not None]
        runs = [run for run in evidence.runs if run.ownership.process == victim]
        running = sum(run.ended > at for run in runs)
        again = len({_what(run) for run in runs} & {_what(run) for run in evidence.runs if run.started > at})
        longest = max(known, default=0.0) if len(known) == len(waits) else None
        yield Recovery(victim, len(held), running, again, longest)


def _what(run: Run) -> tuple[str, int, Location]:
    return run.task, run.attempt, run.where


def _taken_over(evidence: Evidence, ownership: Ownership, at: float) -> float | None:
    """Seconds until its partition has an owner again."""
    since = [
        each.since - at
        for each in evidence.ownerships.values()
        if each.partition == ownership.partition and each.since > at
    ]
    return min(since, default=None)
