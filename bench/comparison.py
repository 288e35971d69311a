"""Runs the sides of a scenario in turn, round after round, on the same broker."""

import os
from dataclasses import dataclass
from functools import cache

from bench.backlog import Shape, backlog
from bench.peers import NotHere
from bench.plan import Plan
from bench.results import Measured, Row
from bench.running import SideFailed, run
from bench.scenarios import LIMIT, Scenario
from bench.sides.table import SIDES, Ready
from tests.kafka import Kafka
from tests.kafka.topics import unique_name


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How long the comparison takes."""

    rounds: int
    records: int
    warm_up: float
    seconds: float

    @classmethod
    def of_environment(cls, *, quick: bool) -> "Effort":
        def given(name: str, full: float, in_short: float) -> float:
            return float(os.environ.get(name, in_short if quick else full))

        return cls(
            rounds=int(given("ROUNDS", 3, 3)),
            records=int(given("RECORDS", 1_000_000, 200_000)),
            warm_up=given("WARM_UP", 1.5, 1),
            seconds=given("WINDOW", 5, 2),
        )


def compare(kafka: Kafka, scenarios: tuple[Scenario, ...], effort: Effort) -> list[Row]:
    """A row for each scenario and side; the sides take turns within each round."""
    rows = {(scenario.name, side): Row(scenario.name, side) for scenario in scenarios for side in scenario.sides}
    for number in range(effort.rounds):
        for scenario in scenarios:
            found: dict[str, Measured] = {}
            for side in scenario.sides:
                row = rows[scenario.name, side]
                try:
                    found[side] = measure(kafka, scenario, side, effort)
                    told = f"{found[side].rate:,.0f}/s, {found[side].cpu:,.1f} µs of processor each"
                except (NotHere, SideFailed) as error:
                    row.not_run = told = str(error)
                print(f"round {number + 1}: {scenario.name}: {side}: {told}", flush=True)
            for side, measured in found.items():
                rows[scenario.name, side].add(measured, scenario.ceiling, found.get(LIMIT))
    return list(rows.values())


def measure(kafka: Kafka, scenario: Scenario, side: str, effort: Effort) -> Measured:
    """One run of one side.

    Raises:
        NotHere, SideFailed: it cannot be had, or has failed.
    """
    return run(prepared(side), plan(kafka, scenario, side, effort))


def prepared(side: str) -> Ready:
    """How to start it; installed at most once.

    Raises:
        NotHere: it cannot be had. That is tried once, too.
    """
    found = tried(side)
    if isinstance(found, NotHere):
        raise found
    return found


@cache
def tried(side: str) -> Ready | NotHere:
    try:
        return SIDES[side].prepare()
    except NotHere as error:
        return error


def plan(kafka: Kafka, scenario: Scenario, side: str, effort: Effort) -> Plan:
    shape = Shape(distribution=scenario.keys, partitions=scenario.partitions, records=effort.records)
    return Plan(
        bootstrap=kafka.bootstrap_servers,
        topic=backlog(kafka.bootstrap_servers, shape),
        group=unique_name(side),
        work=scenario.work,
        milliseconds=scenario.milliseconds,
        failing=scenario.failing,
        hottest=scenario.hottest,
        partitions=scenario.partitions,
        threads=scenario.threads,
        ordering=scenario.ordering,
        asynchronous=scenario.asynchronous,
        records=effort.records,
        warm_up=effort.warm_up * SIDES[side].warm_up,
        seconds=effort.seconds,
    )
