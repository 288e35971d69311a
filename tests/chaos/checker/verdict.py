"""The verdict on a run: what happened, and every promise that was not kept."""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.chaos.checker.commits import backwards, past_the_frontier, taken_from_the_lost, unfinished
from tests.chaos.checker.duplicates import Duplicate, dead_twice, duplicates, unexplained
from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.facts import Exit
from tests.chaos.checker.losses import lost, strangers, two_ends, vanished
from tests.chaos.checker.order import early, inversions, late_starts, overlaps, overlaps_with_retries, too_late
from tests.chaos.checker.recovery import BrokerRecovery, Recovery, broker_recoveries, recoveries
from tests.chaos.journal import Row


@dataclass(frozen=True)
class Verdict:
    """What became of a run.

    Attributes:
        late_starts: attempts started by workers that did not know yet that they had lost their session.
        overlaps_with_retries: how often two processes ran a key at once, one of them from a retry topic.
        seconds: from the first task's acknowledgement until nothing was left; none if something was.
        faults: by promise, each case as a sentence; a promise that was kept has none.
    """

    acknowledged: int
    done: int
    dead: int
    attempts: int
    duplicates: tuple[Duplicate, ...]
    recoveries: tuple[Recovery, ...]
    brokers: tuple[BrokerRecovery, ...]
    exits: tuple[Exit, ...]
    late_starts: int
    overlaps_with_retries: int
    seconds: float | None
    faults: dict[str, tuple[str, ...]]

    @property
    def sound(self) -> bool:
        """Whether every promise was kept."""
        return not any(self.faults.values())


def check(rows: Iterable[Row]) -> Verdict:
    """Judge a run by its journals and by what lay in its topics afterwards.

    Raises:
        LookupError: the rows contradict each other; no verdict can stand on them.
    """
    evidence = Evidence(rows)
    found = duplicates(evidence)
    faults = {
        "lost": lost(evidence),
        "done and dead": two_ends(evidence),
        "duplicates unexplained": unexplained(found),
        "dead letters unexplained": dead_twice(evidence),
        "order inversions": inversions(evidence),
        "overlaps of a key": overlaps(evidence),
        "early starts": early(evidence),
        "starts after giving up": too_late(evidence),
        "commits past the frontier": past_the_frontier(evidence),
        "commits going back": backwards(evidence),
        "commits after a lost session": taken_from_the_lost(evidence),
        "left uncommitted": unfinished(evidence),
        "hand-offs vanished": vanished(evidence),
        "unknown tasks": strangers(evidence),
        "workers in trouble": evidence.troubles,
    }
    return Verdict(
        acknowledged=len(evidence.acknowledged),
        done=len(evidence.done),
        dead=len(evidence.dead),
        attempts=len(evidence.runs),
        duplicates=tuple(found),
        recoveries=tuple(recoveries(evidence)),
        brokers=tuple(broker_recoveries(evidence)),
        exits=tuple(evidence.exits),
        late_starts=late_starts(evidence),
        overlaps_with_retries=overlaps_with_retries(evidence),
        seconds=evidence.seconds,
        faults={promise: tuple(cases) for promise, cases in faults.items()},
    )
