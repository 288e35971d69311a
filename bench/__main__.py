"""`make bench`: compare with the bare client and with others, then everything else that is measured.

QUICK=1 takes less than three minutes. How much is measured say ROUNDS= and RECORDS=, and in seconds WARM_UP= and
WINDOW=. ONLY= takes the scenario of that name, SIDES= the sides, separated by commas. Any of QUICK, ONLY and SIDES
leaves it at the comparison, and writes to .cache/bench/results: what is committed is the whole.
"""

import os
from dataclasses import asdict, replace

from bench import ladder, latency, memory, redrive, scale, store, submit
from bench.comparison import Effort, compare
from bench.machine import machine, versions
from bench.report import told
from bench.results import Results
from bench.scenarios import FULL, QUICK, Scenario
from tests.kafka import shared_kafka

LATENCY = "Latency, from the moment when a task should have been sent"
SUBMIT = "Submitting, next to the bare client"
SCALE = "More of something"


def main() -> None:
    quick = bool(os.environ.get("QUICK"))
    whole = not any(os.environ.get(name) for name in ("QUICK", "ONLY", "SIDES"))
    comparison(quick=quick, whole=whole)
    if whole:
        for other in (ladder, redrive, memory):
            other.main()


def comparison(*, quick: bool, whole: bool) -> None:
    """Measure, write the results, and say what has moved."""
    scenarios = chosen(QUICK if quick else FULL)
    effort = Effort.of_environment(quick=quick)
    with shared_kafka() as kafka:
        rows = compare(kafka, scenarios, effort)
        more = {LATENCY: latency.main(kafka), SUBMIT: submit.main(kafka), SCALE: scale.main(kafka)} if whole else {}
        results = Results(machine(), versions(kafka), asdict(effort), rows, more)
    changes = store.write(results, store.FOLDER if whole else store.ASIDE)
    print("\n".join(("since the last committed results:", *told(changes))))


def chosen(scenarios: tuple[Scenario, ...]) -> tuple[Scenario, ...]:
    only, named = os.environ.get("ONLY"), os.environ.get("SIDES")
    if only:
        scenarios = tuple(each for each in scenarios if each.name == only)
    if named:
        sides = named.split(",")
        scenarios = tuple(replace(each, sides=tuple(s for s in each.sides if s in sides)) for each in scenarios)
    return scenarios


if __name__ == "__main__":
    main()
