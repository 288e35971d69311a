"""The verdict as text."""

from collections import Counter
from collections.abc import Iterator

from tests.chaos.checker import Verdict
from tests.chaos.checker.recovery import Recovery

SHOWN = 10


def lines(verdict: Verdict) -> Iterator[str]:
    """Balance, kills, promises, and the two lines that matter at the end."""
    balance = f"acknowledged {verdict.acknowledged} = done {verdict.done} + dead {verdict.dead}"
    yield f"{balance}, in {verdict.attempts} attempts"
    if verdict.kills:
        yield ""
        yield f"{'killed':<16}{'partitions':>12}{'running':>10}{'run again':>12}{'taken over after':>20}"
        yield from map(_kill, verdict.kills)
    yield ""
    for promise, cases in verdict.faults.items():
        yield f"{promise:<28}{len(cases):>6}"
        yield from (f"    {case}" for case in cases[:SHOWN])
        if len(cases) > SHOWN:
            yield f"    and {len(cases) - SHOWN} more"
    yield f"{'a key at once with a retry':<28}{verdict.overlaps_with_retries:>6}  in another process: allowed"
    yield ""
    yield f"lost = {len(verdict.faults['lost'])}"
    yield f"duplicates = {len(verdict.duplicates)} ({_explanations(verdict)})"


def _kill(kill: Recovery) -> str:
    taken = "never" if kill.seconds is None else f"{kill.seconds:.1f} s" if kill.partitions else "-"
    return f"{kill.process:<16}{kill.partitions:>12}{kill.running:>10}{kill.again:>12}{taken:>20}"


def _explanations(verdict: Verdict) -> str:
    causes = Counter(cause.partition(":")[0] for each in verdict.duplicates for cause in set(each.causes))
    told = ", ".join(f"{number} {cause}" for cause, number in causes.most_common())
    unexplained = len(verdict.faults["duplicates unexplained"])
    judged = f"{unexplained} unexplained" if unexplained else "all explained"
    return f"{judged}: {told}" if told else judged
