"""Whoever reads a topic slowly, as a redrive at a rate does, is not told that the broker is gone."""

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError

from stillframe.consumer.operate import scan as operate
from stillframe.consumer.operate.scan import PATIENCE, Range, scan
from stillframe.consumer.settings import WorkerSettings


class Said:
    """A message, or the end of the partition."""

    def __init__(self, offset: int, error: KafkaError | None = None) -> None:
        self._offset, self._error = offset, error

    def topic(self) -> str:
        return "emails"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def error(self) -> KafkaError | None:
        return self._error

    def timestamp(self) -> tuple[int, int]:
        return 1, 0

    def key(self) -> None: ...
    def value(self) -> None: ...
    def headers(self) -> None: ...


class Broker:
    """Sends what it was given, batch by batch."""

    def __init__(self, *batches: list[Said]) -> None:
        self._batches = iter(batches)

    def assign(self, places: Any) -> None: ...
    def close(self) -> None: ...

    def consume(self, most: int, within: float) -> list[Said]:
        return next(self._batches)


def test_the_time_of_whoever_reads_is_not_the_brokers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next batch may be a moment late after a minute in which nobody asked for it."""
    clock = SimpleNamespace(now=0.0)
    broker = Broker([Said(0)], [], [Said(1)])
    monkeypatch.setattr(operate, "build", lambda factory, properties: broker)
    monkeypatch.setattr(operate, "time", SimpleNamespace(monotonic=lambda: clock.now))
    found = []
    for record, _ in scan(WorkerSettings(), [Range("emails", 0, 0, 2)]):
        found.append(record.offset)
        clock.now += 4 * PATIENCE
    assert found == [0, 1]
