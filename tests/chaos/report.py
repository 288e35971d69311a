"""The verdict as text."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from tests.chaos.checker import Verdict
from tests.chaos.checker.recovery import BrokerRecovery, Recovery
from tests.chaos.figures import Figure

T = TypeVar("T")

SHOWN = 10
#: What a worker's row counts.
COUNTED = ("partitions", "running", "again", "late")


def lines(verdict: Verdict, figures: Iterable[Figure] = ()) -> Iterator[str]:
    """Balance, disturbances, promises, the scenario's figures, and the two lines that matter at the end."""
    balance = f"acknowledged {verdict.acknowledged} = done {verdict.done} + dead {verdict.dead}"
    yield f"{balance}, in {verdict.attempts} attempts"
    if verdict.recoveries:
        yield ""
        yield f"{'worker':<26}{'partitions':>12}{'running':>10}{'run again':>12}{'late':>8}{'taken over after':>20}"
        yield from map(_worker, verdict.recoveries)
        yield from _kinds_of_recoveries(verdict.recoveries)
    if verdict.brokers:
        yield ""
        yield f"{'broker':<26}{'led':>12}{'coordinator':>14}{'rebalances':>14}{'silence':>22}"
        yield from map(_broker, verdict.brokers)
        yield from _kinds_of_outages(verdict.brokers)
    yield ""
    for promise, cases in verdict.faults.items():
        yield f"{promise:<28}{len(cases):>6}"
        yield from (f"    {case}" for case in cases[:SHOWN])
        if len(cases) > SHOWN:
            yield f"    and {len(cases) - SHOWN} more"
    yield f"{'a key at once with a retry':<28}{verdict.overlaps_with_retries:>6}  in another process"
    yield ""
    yield from map(str, figures)
    yield ""
    yield f"lost = {len(verdict.faults['lost'])}"
    yield f"duplicates = {len(verdict.duplicates)} ({_explanations(verdict)})"


def _worker(each: Recovery) -> str:
    return _row(f"{each.process} {each.kind}", each, _taken([each]))


def _kinds_of_recoveries(recoveries: Iterable[Recovery]) -> Iterator[str]:
    """What befell workers, how often, and the worst of each."""
    kinds: defaultdict[str, list[Recovery]] = defaultdict(list)
    for each in recoveries:
        kinds[each.kind].append(each)
    for kind, found in _repeated(kinds):
        counts = {name: max(getattr(each, name) for each in found) for name in COUNTED}
        worst = replace(found[0], **counts)
        yield _row(f"{kind} {len(found)} times, at most", worst, _taken(found))


def _row(name: str, each: Recovery, taken: str) -> str:
    return f"{name:<26}{each.partitions:>12}{each.running:>10}{each.again:>12}{each.late:>8}{taken:>20}"


def _taken(recoveries: list[Recovery]) -> str:
    """After how long the last of what was not kept had an owner."""
    waits = [each.seconds for each in recoveries if each.partitions > each.kept]
    if None in waits:
        return "never"
    kept = "kept" if any(each.kept for each in recoveries) else "-"
    return f"{max(wait for wait in waits if wait is not None):.1f} s" if waits else kept


def _broker(each: BrokerRecovery) -> str:
    outage = each.outage
    name, coordinator = f"node {outage.node} {outage.kind}", "yes" if outage.coordinator else "no"
    return f"{name:<26}{outage.leads:>12}{coordinator:>14}{each.rebalances:>14}{each.silence:>20.1f} s"


def _kinds_of_outages(brokers: Iterable[BrokerRecovery]) -> Iterator[str]:
    """What befell brokers, how often, and the worst of each; how many of them coordinated."""
    kinds: defaultdict[str, list[BrokerRecovery]] = defaultdict(list)
    for each in brokers:
        kinds[each.outage.kind].append(each)
    for kind, found in _repeated(kinds):
        leads, rebalances = max(each.outage.leads for each in found), max(each.rebalances for each in found)
        coordinators, silence = sum(each.outage.coordinator for each in found), max(each.silence for each in found)
        name = f"{kind} {len(found)} times, at most"
        yield f"{name:<26}{leads:>12}{coordinators:>14}{rebalances:>14}{silence:>20.1f} s"


def _repeated(kinds: Mapping[str, list[T]]) -> Iterator[tuple[str, list[T]]]:
    return ((kind, found) for kind, found in kinds.items() if len(found) > 1)


def _explanations(verdict: Verdict) -> str:
    causes = Counter(cause.partition(":")[0] for each in verdict.duplicates for cause in set(each.causes))
    told = ", ".join(f"{number} {cause}" for cause, number in causes.most_common())
    unexplained = len(verdict.faults["duplicates unexplained"])
    judged = f"{unexplained} unexplained" if unexplained else "all explained"
    return f"{judged}: {told}" if told else judged
