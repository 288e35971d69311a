"""The verdict as text."""

from collections import Counter
from collections.abc import Iterable, Iterator

from tests.chaos.checker import Verdict
from tests.chaos.checker.recovery import BrokerRecovery, Recovery
from tests.chaos.figures import Figure

SHOWN = 10


def lines(verdict: Verdict, figures: Iterable[Figure] = ()) -> Iterator[str]:
    """Balance, disturbances, promises, the scenario's figures, and the two lines that matter at the end."""
    balance = f"acknowledged {verdict.acknowledged} = done {verdict.done} + dead {verdict.dead}"
    yield f"{balance}, in {verdict.attempts} attempts"
    if verdict.recoveries:
        yield ""
        yield f"{'worker':<26}{'partitions':>12}{'running':>10}{'run again':>12}{'late':>8}{'taken over after':>20}"
        yield from map(_worker, verdict.recoveries)
    if verdict.brokers:
        yield ""
        yield f"{'broker':<26}{'led':>12}{'coordinator':>14}{'rebalances':>14}{'silence':>22}"
        yield from map(_broker, verdict.brokers)
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
    taken = "never" if each.seconds is None else f"{each.seconds:.1f} s" if each.partitions else "-"
    name = f"{each.process} {each.kind}"
    return f"{name:<26}{each.partitions:>12}{each.running:>10}{each.again:>12}{each.late:>8}{taken:>20}"


def _broker(each: BrokerRecovery) -> str:
    outage = each.outage
    name, coordinator = f"node {outage.node} {outage.kind}", "yes" if outage.coordinator else "no"
    return f"{name:<26}{outage.leads:>12}{coordinator:>14}{each.rebalances:>14}{each.silence:>20.1f} s"


def _explanations(verdict: Verdict) -> str:
    causes = Counter(cause.partition(":")[0] for each in verdict.duplicates for cause in set(each.causes))
    told = ", ".join(f"{number} {cause}" for cause, number in causes.most_common())
    unexplained = len(verdict.faults["duplicates unexplained"])
    judged = f"{unexplained} unexplained" if unexplained else "all explained"
    return f"{judged}: {told}" if told else judged
