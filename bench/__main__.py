"""`make bench`: compare with the bare client and with others, then everything else that is measured.

QUICK=1 takes less than three minutes and writes results/quick.*, which nobody commits. ROUNDS=, RECORDS=, SECONDS=
and WARM_UP= say how much is measured; ONLY= takes the scenarios with these words in their names.
"""

import os
from dataclasses import asdict

from bench import ladder, memory, redrive, store, submit
from bench.comparison import Effort, compare
from bench.machine import machine, versions
from bench.report import told
from bench.results import Results
from bench.scenarios import FULL, QUICK
from tests.kafka import shared_kafka


def main() -> None:
    quick = bool(os.environ.get("QUICK"))
    if not quick:
        for other in (submit, ladder, redrive, memory):
            other.main()
    comparison(quick=quick)


def comparison(*, quick: bool) -> None:
    """Measure, write the results, and say what has moved."""
    words = os.environ.get("ONLY", "")
    scenarios = tuple(each for each in (QUICK if quick else FULL) if words in each.name)
    effort = Effort.of_environment(quick=quick)
    with shared_kafka() as kafka:
        rows = compare(kafka, scenarios, effort)
        results = Results(machine(), versions(kafka), asdict(effort), rows)
    changes = store.write(results, "quick" if quick else "latest")
    print("\n".join(("since the last committed results:", *told(changes))))


if __name__ == "__main__":
    main()
