"""What a scenario has to reach: each figure with its bound."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.chaos.checker import Verdict
from tests.chaos.checker.recovery import Amid
from tests.chaos.settings import GRACE, SESSION, Scenario, Settings

#: The defaults of a worker: threads, and seconds between commits.
POOL = 16
COMMIT_INTERVAL = 1.0
TAKEOVER = 2 * SESSION + 5
#: Amid brokers' a new coordinator gives the dead a session as it does the living, and waits for its replicas;
#: amid workers' the group waits for those too.
TAKEOVERS = {
    Amid.NOTHING: TAKEOVER,
    Amid.BROKERS: TAKEOVER + 2 * SESSION,
    Amid.WORKERS_TOO: TAKEOVER + 4 * SESSION,
}
EXIT = 25.0
#: How much longer a storm may take than a quiet run of the same load.
LONGER, AND_SECONDS = 1.5, 60.0


@dataclass(frozen=True)
class Figure:
    """One measured value; without a bound it is only told."""

    name: str
    value: float | None
    bound: float | None = None
    unit: str = ""

    @property
    def reached(self) -> bool:
        """Whether it is within its bound; a value that could not be measured is not."""
        return self.bound is None or (self.value is not None and self.value <= self.bound)

    def __str__(self) -> str:
        value = "never" if self.value is None else f"{self.value:g}" if not self.unit else f"{self.value:.1f}"
        bound = "" if self.bound is None else f"<= {self.bound:g}{self.unit}"
        judged = "" if self.bound is None else "pass" if self.reached else "FAIL"
        return f"{self.name:<72}{value + self.unit:>12}  {bound:<14}{judged}".rstrip()


def figures(settings: Settings, verdict: Verdict, quiet: Verdict | None = None) -> list[Figure]:
    """All that is told of a scenario, losses first."""
    found = [Figure("lost", len(verdict.faults["lost"]), 0)]
    return found + list(OF_SCENARIO.get(settings.scenario, _mixed)(settings, verdict, quiet))


def _mixed(settings: Settings, verdict: Verdict, _quiet: Verdict | None) -> Iterator[Figure]:
    yield from _order(verdict)
    yield from _takeovers(verdict, ("killed", "frozen", "cut off"))
    yield Figure("duplicates", len(verdict.duplicates))
    if verdict.exits:
        yield Figure("longest from SIGTERM to exit", max(each.seconds for each in verdict.exits), GRACE + 2, " s")


def _kills(settings: Settings, verdict: Verdict, _quiet: Verdict | None) -> Iterator[Figure]:
    most = max((each.again for each in verdict.recoveries), default=None)
    bound = POOL + COMMIT_INTERVAL * settings.rate
    yield Figure("kills that hit work", sum(each.partitions > 0 for each in verdict.recoveries))
    yield Figure("duplicates after one kill, at most", most, bound)
    yield from _takeovers(verdict, ("killed",))


def _rolling(_settings: Settings, verdict: Verdict, _quiet: Verdict | None) -> Iterator[Figure]:
    yield Figure("duplicates", len(verdict.duplicates), 0)
    yield from _exits(verdict)


def _storm(_settings: Settings, verdict: Verdict, quiet: Verdict | None) -> Iterator[Figure]:
    yield from _order(verdict)
    yield Figure("duplicates", len(verdict.duplicates))
    if quiet is not None:
        allowed = None if quiet.seconds is None else LONGER * quiet.seconds + AND_SECONDS
        yield Figure("quiet run of the same load", quiet.seconds, unit=" s")
        yield Figure("storm", verdict.seconds, allowed, " s")
    yield from _exits(verdict)


def _freezes(settings: Settings, verdict: Verdict, _quiet: Verdict | None) -> Iterator[Figure]:
    yield Figure(
        "commits taken from who had lost its session", len(verdict.faults["commits after a lost session"]), 0
    )
    yield Figure("started after others had its partitions", sum(each.late for each in verdict.recoveries), 0)
    # A thread may be anywhere between taking a task and starting it. Without a lease it was six a freeze.
    begun = sum(each.begun for each in verdict.recoveries)
    yield Figure("taken before the freeze, and started after it", begun, len(verdict.recoveries))
    most = max((each.again for each in verdict.recoveries), default=None)
    yield Figure("duplicates after one freeze, at most", most, POOL + COMMIT_INTERVAL * settings.rate)
    yield from _takeovers(verdict, ("frozen",))


def _brokers(_settings: Settings, verdict: Verdict, _quiet: Verdict | None) -> Iterator[Figure]:
    innocent = sum(each.rebalances for each in verdict.brokers if not each.outage.coordinator)
    yield Figure("brokers killed", len(verdict.brokers))
    yield Figure("rebalances though the coordinator lived", innocent, 0)
    yield Figure("longest silence after one", max((b.silence for b in verdict.brokers), default=None), unit=" s")
    yield Figure("duplicates", len(verdict.duplicates))


def _order(verdict: Verdict) -> Iterator[Figure]:
    yield Figure("order inversions", len(verdict.faults["order inversions"]), 0)
    yield Figure("overlaps outside lost sessions", len(verdict.faults["overlaps of a key"]), 0)


def _takeovers(verdict: Verdict, kinds: Iterable[str]) -> Iterator[Figure]:
    for kind in kinds:
        for amid, bound in TAKEOVERS.items():
            hit = [each for each in verdict.recoveries if (each.kind, each.amid) == (kind, amid)]
            waits = [each.seconds for each in hit if each.partitions > each.kept]
            if waits:
                longest = None if None in waits else max(wait for wait in waits if wait is not None)
                yield Figure(f"until others had all of a {kind} worker's{amid}", longest, bound, " s")


def _exits(verdict: Verdict) -> Iterator[Figure]:
    if verdict.exits:
        yield Figure("longest from SIGTERM to exit", max(each.seconds for each in verdict.exits), EXIT, " s")
        yield Figure("exit codes other than 0", sum(each.code != 0 for each in verdict.exits), 0)


OF_SCENARIO: dict[Scenario, Callable[[Settings, Verdict, Verdict | None], Iterator[Figure]]] = {
    Scenario.KILLS: _kills,
    Scenario.ROLLING: _rolling,
    Scenario.STORM: _storm,
    Scenario.FREEZE: _freezes,
    Scenario.BROKERS: _brokers,
}
