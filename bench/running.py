"""Processes of a side: started, waited for, and cleaned up after."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from bench.plan import Plan
from bench.results import Measured
from bench.sides.table import Ready
from tests.kafka.readiness import admin_client

#: Seconds that joining the group, warming up and measuring may take beyond what the plan says.
PATIENCE = 90


class SideFailed(RuntimeError):
    """A side has ended without a figure."""


def run(ready: Ready, told: Plan, processes: int = 1) -> Measured:
    """Start a side, in so many processes of one group, and wait for the figures.

    Raises:
        SideFailed: a process has ended without any, or not in time.
    """
    with topics_of(told):
        running = [Running(ready, told) for _ in range(processes)]
        try:
            return together([each.figures() for each in running])
        finally:
            for each in running:
                each.kill()


class Running:
    """One process of a side."""

    def __init__(self, ready: Ready, told: Plan) -> None:
        self._limit = told.warm_up + told.seconds + PATIENCE
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by kill()
        self._process = subprocess.Popen(
            [*ready.command, told.to_json()],
            env=ready.variables,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def figures(self) -> Measured:
        try:
            said = self._process.communicate(timeout=self._limit)[0]
        except subprocess.TimeoutExpired:
            self._process.kill()
            said = self._process.communicate()[0]
        found = next((line for line in reversed(said.splitlines()) if line.startswith('{"rate"')), None)
        if found is None:
            self._errors.seek(0)
            raise SideFailed(reason(self._errors.read(), self._limit))
        return Measured(**json.loads(found))

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._errors.close()


def together(found: list[Measured]) -> Measured:
    """What processes did that shared a backlog."""
    rate = sum(each.rate for each in found)
    cpu = sum(each.cpu * each.rate for each in found) / max(rate, 1)
    return Measured(rate, cpu, sum(each.rss for each in found))


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
