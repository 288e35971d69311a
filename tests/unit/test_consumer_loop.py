"""The poll loop: what it does with a batch during which a partition was assigned."""

from types import SimpleNamespace
from typing import Any

from confluent_kafka import TopicPartition

from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.loop import Loop
from stillframe.consumer.progress.ledger import Ledger
from tests.arrivals import FAMILY


class Message:
    def __init__(self, number: int, offset: int) -> None:
        self.number, self.offset = number, offset

    def topic(self) -> str:
        return FAMILY.topic

    def partition(self) -> int:
        return self.number


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
    others = dict.fromkeys(("errors", "receiver", "threads", "settlement", "gate", "commits", "logs", "restarts"))
    stations: Any = SimpleNamespace(consumer=consumer, assignment=assignment, **others)
    fetched: list[Any] = Loop(stations, lambda event: None)._fetch()

    assert fetched == batch[:1]
    assert [(each.partition, each.offset) for each in sought] == [(1, 40)]
