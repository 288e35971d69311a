"""The poll loop: what it does with a batch during which a partition was assigned, and with its last commit."""

from collections import deque
from collections.abc import Callable
from dataclasses import fields
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from confluent_kafka import TopicPartition

from stillframe.consumer import loop
from stillframe.consumer.deadlines import Deadlines
from stillframe.consumer.dispatch.answers import Counts
from stillframe.consumer.dispatch.circuits import Change
from stillframe.consumer.events import CircuitBreakerChanged, CommitFailed, Event, Turned
from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.intake.batch_size import BatchSize
from stillframe.consumer.loop import Loop, Stations
from stillframe.consumer.outcome.breaker import State
from stillframe.consumer.progress.ledger import Ledger
from stillframe.consumer.settings import WorkerSettings
from tests.arrivals import FAMILY, arrival


class Message:
    def __init__(self, number: int, offset: int) -> None:
        self.number, self.offset = number, offset

    def topic(self) -> str:
        return FAMILY.topic

    def partition(self) -> int:
        return self.number

    def error(self) -> None:
        return None


def test_records_of_a_partition_assigned_meanwhile_are_read_again() -> None:
    """They may be from before: they are passed over, and the partition is read from its start; others stay."""
    assignment = Assignment([FAMILY])
    assignment.add(FAMILY.topic, 0, Ledger(10))
    batch = [Message(0, 10), Message(1, 50), Message(1, 51)]
    sought: list[TopicPartition] = []

    def consume(_most: int, _timeout: float) -> list[Message]:
        assignment.add(FAMILY.topic, 1, Ledger(40))  # as a callback inside the call does
        return batch

    consumer = SimpleNamespace(consume=consume, seek=sought.append)
    executors = SimpleNamespace(appetite=lambda: None)
    fetched: list[Any] = _loop(consumer=consumer, assignment=assignment, executors=executors)._fetch()

    assert fetched == batch[:1]
    assert [(each.partition, each.offset) for each in sought] == [(1, 40)]


@pytest.mark.parametrize(("appetite", "most"), [(None, 1_000), (100, 100)])
def test_no_more_is_read_at_a_time_than_the_executors_ask_for(appetite: int | None, most: int) -> None:
    """The interpreter is the handlers' while they have enough; as soon as one may run dry, a whole batch is read."""
    asked: list[int] = []
    batch_size = BatchSize(WorkerSettings().limits)
    batch_size.saw(300)
    for _ in range(20):  # the largest of late is expected again, and that halves
        batch_size.next()
        batch_size.saw(300)
    consumer = SimpleNamespace(consume=lambda most, _timeout: asked.append(most))
    executors = SimpleNamespace(appetite=lambda: appetite)
    _loop(consumer=consumer, assignment=Assignment([FAMILY]), executors=executors, batch_size=batch_size)._fetch()
    assert asked == [most]


def test_a_partition_that_gives_records_again_is_not_stopped() -> None:
    """A batch that could not be unpacked may lie whole on the next leader."""
    assignment = Assignment([FAMILY])
    partition = assignment.add(FAMILY.topic, 0, Ledger(10))
    partition.stopped = "offset 10: decompression failed"
    offered: list[Any] = []
    receiver = SimpleNamespace(arrival=lambda message, source, now: arrival(source, message.offset))
    executors = SimpleNamespace(offer=offered.extend)
    _loop(assignment=assignment, receiver=receiver, executors=executors)._dispatch([Message(0, 10)])  # type: ignore[list-item]
    assert partition.stopped is None
    assert [each.record.offset for each in offered] == [10]


@pytest.mark.parametrize(("put_off", "until"), [(True, 20), (False, 4)])
def test_a_stop_waits_for_its_last_commit_as_long_as_a_rebalance_puts_it_off(
    monkeypatch: pytest.MonkeyPatch, put_off: bool, until: int
) -> None:
    """It is taken in the end; a coordinator that is gone says nothing, and one that forbids it always will."""
    clock = SimpleNamespace(now=0)
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: clock.now))
    commits = SimpleNamespace(last=lambda *sent: None, put_off=0, insist=lambda *sent: clock.now >= 20)

    def poll(_patience: float) -> None:
        clock.now += 1
        commits.put_off += put_off

    events: list[Event] = []
    stations = {"consumer": SimpleNamespace(poll=poll), "gate": SimpleNamespace(any_paused=True), "commits": commits}
    stations["errors"] = SimpleNamespace(check=lambda: None)
    _loop(events.append, **stations)._commit_last([], Deadlines(0.0, 25.0))
    assert [type(event) for event in events] == [CommitFailed] * (not put_off)
    assert clock.now == pytest.approx(until, abs=1)


def test_what_a_breaker_holds_back_is_not_fetched_and_is_told() -> None:
    """With each turn: the gate hears which topics to pause, the next commits which types fail, listeners why."""
    change = Change("pay", State.OPEN, "5 of 5 attempts have failed within 60 s")
    changes = deque([change])
    assignment = Assignment([FAMILY])
    partition = assignment.add(FAMILY.topic, 0, Ledger(0))
    executors = MagicMock()
    executors.held_back.barred.return_value = {"payments"}
    executors.counts.return_value = Counts(1, 2, 3, 0, 4)
    executors.held_back.count.return_value = {partition: 4}
    executors.overdue.return_value = []
    executors.blocked.return_value = None
    executors.appetite.return_value = None
    executors.turned.return_value = None
    executors.asks_for_proof.return_value = False
    executors.held_back.changes.side_effect = lambda: iter([changes.popleft()] if changes else [])
    gate, settlement, events = MagicMock(any_paused=False), MagicMock(), list[Event]()
    consumer = MagicMock()
    consumer.poll.return_value = None
    consumer.consume.return_value = []
    idle: dict[str, Any] = {name: MagicMock() for name in ("errors", "receiver", "commits", "logs", "restarts")}
    made = _loop(
        events.append,
        **idle,
        consumer=consumer,
        assignment=assignment,
        executors=executors,
        gate=gate,
        settlement=settlement,
    )
    made.turn()
    made.turn()
    gate.adjust.assert_called_with({"payments"})
    settlement.note_failing.assert_called_once_with(assignment)
    told = [event for event in events if isinstance(event, CircuitBreakerChanged)]
    assert told == [CircuitBreakerChanged(*change)]
    (turned, _) = [event for event in events if isinstance(event, Turned)]
    assert (turned.held_back, turned.held_back_of) == (4, {partition: 4})


def _loop(emit: Callable[[Event], None] = lambda event: None, **stations: Any) -> Loop:
    """A loop of which only these stations are there."""
    every: dict[str, Any] = dict.fromkeys(field.name for field in fields(Stations))
    every["batch_size"] = BatchSize(WorkerSettings().limits)
    return Loop(Stations(**every | stations), emit)
