"""The verdict on a run: what happened, and every promise that was not kept."""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.chaos.checker.commits import backwards, past_the_frontier, unfinished
from tests.chaos.checker.duplicates import Duplicate, dead_twice, duplicates, unexplained
from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.losses import lost, strangers, two_ends, vanished
from tests.chaos.checker.order import early, inversions, overlaps, overlaps_with_retries, too_late
from tests.chaos.checker.recovery import Recovery, recoveries
from tests.chaos.journal import Row


@dataclass(frozen=True)
class Verdict:
    """What became of a run.

    Attributes:
        faults: by promise, each case as a sentence; a promise that was kept has none.
        overlaps_with_retries: how often two processes ran a key at once, one of them from a retry topic.
    """

    acknowledged: int
    done: int
    dead: int
    attempts: int
    duplicates: tuple[Duplicate, ...]
    kills: tuple[Recovery, ...]
    overlaps_with_retries: int
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
        kills=tuple(recoveries(evidence)),
        overlaps_with_retries=overlaps_with_retries(evidence),
        faults={promise: tuple(cases) for promise, cases in faults.items()},
    )
