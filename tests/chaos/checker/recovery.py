"""What each disturbance hit, and how long it took until all was well again."""

from bisect import bisect, bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from tests.chaos.checker.evidence import FOREVER, Evidence
from tests.chaos.checker.facts import Outage, Ownership, Run, Spell

#: Seconds after a broker's end in which a silence is put down to it.
AFTERMATH = 12.0
#: Seconds for which a broker's end may hold up a coordinator: what is not in sync any more is waited for.
HELD_UP = 8.0

#: Seconds from a thread's taking a task to its start in the journal, at the most, its freeze not counted.
BEGINNING = 0.1


class Amid(StrEnum):
    """What else happened to the group while a worker's partitions were taken over.

    Brokers ended or leaders moved, then or just before: a new coordinator gives every member a new session, and one
    whose replicas are missing has to wait for them. If more workers fell silent meanwhile, the group has to wait for
    the sessions of these as well.
    """

    NOTHING = ""
    BROKERS = ", amid brokers'"
    WORKERS_TOO = ", amid brokers' and workers'"


@dataclass(frozen=True)
class Recovery:
    """One worker that was killed, frozen or cut off.

    Attributes:
        partitions: what it held.
        kept: how many of them nobody took from it, frozen or cut off as it was, and it went on with.
        running: attempts that were cut off, or slept with it.
        again: attempts, running or ended, that others started again.
        late: attempts that it started after others had its partitions.
        begun: more of these, whose thread had taken them before the freeze and began them as soon as it was over.
        seconds: until the last partition it did not keep was assigned anew; none if one never was.
        amid: what else happened meanwhile.
    """

    kind: str
    process: str
    partitions: int
    kept: int
    running: int
    again: int
    late: int
    begun: int
    seconds: float | None
    amid: Amid


@dataclass(frozen=True)
class BrokerRecovery:
    """One broker that was killed or stopped.

    Attributes:
        silence: the longest time in its aftermath in which no attempt ended, in seconds.
        rebalances: how often partitions changed hands before the next broker ended, or the run was over.
    """

    outage: Outage
    silence: float
    rebalances: int


def recoveries(evidence: Evidence) -> Iterator[Recovery]:
    """Every kill, freeze and cut, in order."""
    for spell in _silences(evidence):
        yield _recovery(evidence, spell)


def broker_recoveries(evidence: Evidence) -> Iterator[BrokerRecovery]:
    """Every broker's end, in order."""
    ends = sorted(run.ended for run in evidence.runs)
    changes = sorted(at for each in evidence.ownerships.values() for at in (each.since, each.until))
    nexts = [outage.at for outage in evidence.outages[1:]] + [evidence.over]
    for outage, until in zip(evidence.outages, nexts, strict=False):
        moments = [outage.at, *_between(ends, outage.at, min(until, outage.at + AFTERMATH))]
        silence = max((later - earlier for earlier, later in pairwise(moments)), default=AFTERMATH)
        moved = {round(at) for at in _between(changes, outage.at, until)}
        yield BrokerRecovery(outage, silence, len(moved))


def _between(moments: list[float], since: float, until: float) -> list[float]:
    return moments[bisect(moments, since) : bisect_left(moments, until)]


def _recovery(evidence: Evidence, spell: Spell) -> Recovery:
    at, victim = spell.since, spell.process
    held = {o for o in evidence.ownerships.values() if o.process == victim and o.since < at <= o.until}
    waits = [_taken_over(each, at) for each in held if not _kept(each, spell)]
    known = [wait for wait in waits if wait is not None]
    theirs = [run for ownership in held for run in evidence.runs_of[ownership]]
    before = [run for run in theirs if run.started < at]
    again = {run.what for run in before if any(_by_others(each, at, held) for each in evidence.runs_at[run.what])}
    late = [run for run in theirs if run.late]
    begun = sum(run.started < spell.until + BEGINNING for run in late)
    seconds = max(known, default=0.0) if len(known) == len(waits) else None
    until = at + (FOREVER if seconds is None else seconds)
    return Recovery(
        spell.kind,
        victim,
        len(held),
        kept=len(held) - len(waits),
        running=sum(run.ended > at for run in before),
        again=len(again),
        late=len(late) - begun,
        begun=begun,
        seconds=seconds,
        amid=_amid(evidence, at, until),
    )


def _amid(evidence: Evidence, at: float, until: float) -> Amid:
    if not any(at - HELD_UP < each < until for each in evidence.upheavals):
        return Amid.NOTHING
    return Amid.WORKERS_TOO if any(at < each.since < until for each in _silences(evidence)) else Amid.BROKERS


def _silences(evidence: Evidence) -> list[Spell]:
    """Every kill, freeze and cut."""
    kills = [Spell("killed", victim, at) for at, victim in evidence.kills]
    return sorted(kills + evidence.spells, key=lambda each: each.since)


def _by_others(run: Run, at: float, held: set[Ownership]) -> bool:
    return run.started > at and run.ownership not in held


def _kept(ownership: Ownership, spell: Spell) -> bool:
    """Whether it outlived the spell: a coordinator that dies meanwhile gives every member a new session."""
    return not ownership.lost and ownership.until > spell.until


def _taken_over(ownership: Ownership, at: float) -> float | None:
    """Seconds until its partition has an owner again."""
    return None if ownership.successor is None else ownership.successor.since - at
