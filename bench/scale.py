"""What a task costs a worker when there is more of something: partitions, task types, keys, backlog; one stuck key.

Each case is a worker as it comes and tasks that do nothing, next to the plain case in the same round. The backlog of
the plain case is RECORDS= tasks (300,000), WINDOW= seconds of it are measured (5), ROUNDS= times (3).
"""

import os
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from bench.backlog import Shape, backlog
from bench.comparison import prepared
from bench.meter import Meter
from bench.plan import Plan
from bench.results import Measured
from bench.running import run
from bench.sides.ours import create_topics, with_handlers
from bench.sides.table import Ready
from tests.kafka import Kafka, shared_kafka
from tests.kafka.topics import unique_name

RECORDS = int(os.environ.get("RECORDS", "300000"))
WINDOW = float(os.environ.get("WINDOW", "5"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
SIDE = "stillframe"
PLAIN = Shape(records=RECORDS)
#: The default pauses a partition 100,000 offsets after its first open one.
FAR = {"STILLFRAME_PARTITION_SPAN": "10000000"}


@dataclass(frozen=True)
class Case:
    """A backlog that differs from the plain one in one thing."""

    name: str
    shape: Shape
    stuck: bool = False
    processes: int = 1

    def measured(self, kafka: Kafka) -> Measured:
        ready, plan = prepared(SIDE), self._plan(kafka)
        if not plan.alone:
            create_topics(plan, with_handlers(plan, Meter(plan)))
        return run(Ready(ready.command, ready.environment | FAR) if self.stuck else ready, plan, self.processes)

    def _plan(self, kafka: Kafka) -> Plan:
        shape = self.shape
        return Plan(
            bootstrap=kafka.bootstrap_servers,
            topic=backlog(kafka.bootstrap_servers, shape),
            group=unique_name(SIDE),
            partitions=shape.partitions,
            types=shape.types,
            stuck=self.stuck,
            alone=self.processes == 1,
            # The tasks behind the stuck one of their own key are never done.
            records=shape.records * 9 // 10,
            # Until the second process has joined, the first has all partitions.
            warm_up=1.5 if self.processes == 1 else 6,
            seconds=WINDOW,
        )


CASES = (
    Case("8 partitions, 1 type, 1,000 keys", PLAIN),
    Case("1 partition", replace(PLAIN, partitions=1)),
    Case("64 partitions", replace(PLAIN, partitions=64)),
    Case("256 partitions", replace(PLAIN, partitions=256)),
    Case("20 task types", replace(PLAIN, types=20)),
    Case("200 task types", replace(PLAIN, types=200)),
    Case("10 keys", replace(PLAIN, keys=10)),
    Case("1,000,000 keys", replace(PLAIN, keys=1_000_000)),
    Case("a backlog of a tenth", replace(PLAIN, records=RECORDS // 10)),
    Case("a backlog of 4 times", replace(PLAIN, records=RECORDS * 4)),
    Case("two processes", replace(PLAIN, records=RECORDS * 4), processes=2),
    Case("1 partition, one of its keys stuck", replace(PLAIN, partitions=1), stuck=True),
)


def main(kafka: Kafka) -> list[dict[str, Any]]:
    """A row for each case: medians, and the median share of the plain case in the same round."""
    found: dict[str, list[Measured]] = {case.name: [] for case in CASES}
    for number in range(ROUNDS):
        for case in CASES:
            found[case.name].append(case.measured(kafka))
            print(f"round {number + 1}: scale: {case.name}: {found[case.name][-1].rate:,.0f}/s", flush=True)
    plain = found[CASES[0].name]
    return [row(name, rounds, plain) for name, rounds in found.items()]


def row(name: str, rounds: list[Measured], plain: list[Measured]) -> dict[str, Any]:
    return {
        "": name,
        "tasks/s": f"{median(each.rate for each in rounds):,.0f}",
        "of the first": median(each.rate / base.rate for each, base in zip(rounds, plain, strict=True)),
        "µs of processor each": f"{median(each.cpu for each in rounds):,.0f}",
        "resident MB": f"{median(each.rss for each in rounds):,.0f}",
    }


if __name__ == "__main__":
    with shared_kafka() as running:
        for each in main(running):
            print(each)
