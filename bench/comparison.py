"""Runs the sides of a scenario in turn, round after round, on the same broker."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from bench.backlog import Shape, backlog
from bench.peers import NotHere
from bench.plan import Plan
from bench.results import Measured, Row
from bench.scenarios import LIMIT, Scenario
from bench.sides.table import SIDES, Ready
from tests.kafka import Kafka
from tests.kafka.readiness import admin_client
from tests.kafka.topics import unique_name

#: Seconds that joining the group, warming up and measuring may take beyond what the plan says.
PATIENCE = 90


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


class SideFailed(RuntimeError):
    """A side has ended without a figure."""


def compare(kafka: Kafka, scenarios: tuple[Scenario, ...], effort: Effort) -> list[Row]:
    """A row for each scenario and side; the sides take turns within each round."""
    rows = [Row(scenario.name, side) for scenario in scenarios for side in scenario.sides]
    by_place = {(row.scenario, row.side): row for row in rows}
    for number in range(effort.rounds):
        for scenario in scenarios:
            for side in scenario.sides:
                row = by_place[scenario.name, side]
                if row.not_run is None:
                    measure(kafka, scenario, row, effort)
                    tell(number, row)
            for side in scenario.sides:
                by_place[scenario.name, side].relate(scenario.ceiling, by_place.get((scenario.name, LIMIT)))
    return rows


def tell(number: int, row: Row) -> None:
    found = row.not_run or f"{row.measured[-1].rate:,.0f}/s, {row.measured[-1].cpu:,.1f} µs of processor each"
    print(f"round {number + 1}: {row.scenario}: {row.side}: {found}", flush=True)


def measure(kafka: Kafka, scenario: Scenario, row: Row, effort: Effort) -> None:
    """One run of one side. One that cannot be had, or fails, says why in its row."""
    try:
        row.measured.append(run(prepared(row.side), plan(kafka, scenario, row.side, effort)))
    except (NotHere, SideFailed) as error:
        row.not_run = str(error)


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
        partitions=scenario.partitions,
        threads=scenario.threads,
        ordering=scenario.ordering,
        asynchronous=scenario.asynchronous,
        records=effort.records,
        warm_up=effort.warm_up * SIDES[side].warm_up,
        seconds=effort.seconds,
    )


def run(ready: Ready, told: Plan) -> Measured:
    """Start the side, wait for its figures, and remove the topics that it has made."""
    limit = told.warm_up + told.seconds + PATIENCE
    with tempfile.TemporaryFile("w+") as errors, topics_of(told):
        process = subprocess.Popen(
            [*ready.command, told.to_json()],
            env=ready.variables,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            lines = process.communicate(timeout=limit)[0].splitlines()
        except subprocess.TimeoutExpired:
            process.kill()
            lines = process.communicate()[0].splitlines()
        found = next((line for line in reversed(lines) if line.startswith('{"rate"')), None)
        if found is None:
            errors.seek(0)
            raise SideFailed(reason(errors.read(), limit))
        return Measured(**json.loads(found))


def reason(errors: str, limit: float) -> str:
    """The last line of what it said."""
    said = [line for line in errors.splitlines() if line.strip()]
    return said[-1].strip()[:200] if said else f"no figure within {limit:.0f} s"


@contextmanager
def topics_of(told: Plan) -> Iterator[None]:
    """Whatever topics a side makes for its group are gone after it."""
    yield
    admin = admin_client(told.bootstrap)
    made = [name for name in admin.list_topics(timeout=10).topics if told.group in name]
    for deleted in admin.delete_topics(made).values() if made else ():
        deleted.result(30)


if __name__ == "__main__":
    sys.exit("python -m bench, or make bench")
