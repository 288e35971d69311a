"""A topic of one task type pauses, with its retry topics, while the type is held back; shared ones take in on."""

from typing import Any

from stillframe.consumer import Worker
from stillframe.consumer.dispatch.circuits import Circuits
from stillframe.consumer.events import PartitionPaused, PartitionResumed
from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.intake.gate import BARRED, Gate
from stillframe.consumer.intake.pressure import RECORDS, Limits
from stillframe.consumer.progress.ledger import Ledger
from stillframe.schemas import TaskType
from stillframe.schemas.topics import TopicFamily
from tests.arrivals import Email

FAMILIES = (TopicFamily("emails", "mailer"), TopicFamily("orders", "mailer"))


class Consumer:
    """Notes what is paused."""

    def __init__(self) -> None:
        self.paused: set[tuple[str, int]] = set()

    def pause(self, places: list[Any]) -> None:
        self.paused |= {(each.topic, each.partition) for each in places}

    def resume(self, places: list[Any]) -> None:
        self.paused -= {(each.topic, each.partition) for each in places}


def test_it_pauses_and_resumes_once() -> None:
    """With its retry topics: their tasks are of the same type. Others are left alone."""
    consumer: Any = Consumer()
    assignment, told = Assignment(FAMILIES), list[Any]()
    for topic, number in (("emails", 0), ("emails", 1), ("emails.mailer.retry.1m", 0), ("orders", 0)):
        assignment.add(topic, number, Ledger(0))
    gate = Gate(consumer, assignment, Limits(2, 1_000, 50, 0.7, 100, 10_000), told.append)
    for _ in range(3):
        gate.adjust({"emails"})
    assert consumer.paused == {("emails", 0), ("emails", 1), ("emails.mailer.retry.1m", 0)}
    assert {(type(event), event.reason) for event in told} == {(PartitionPaused, BARRED)}
    assert len(told) == 3
    full = next(iter(assignment))
    for offset in range(2):
        full.ledger.receive(offset, 1)
    gate.adjust()
    assert consumer.paused == {("emails", 0)}
    assert full.paused == RECORDS
    assert [type(event) for event in told[3:]] == [PartitionResumed, PartitionResumed]


def test_a_worker_knows_which_types_have_a_topic_to_themselves() -> None:
    """And which policy each has; ``None`` is none."""
    worker = Worker("mailer")
    for name, topic in (("a", "shared"), ("b", "shared"), ("c", "own")):
        worker.task(TaskType(name, Email, topic=topic), breaker=None if name == "b" else worker_default())(
            lambda email: None
        )
    assert Circuits(worker.breakers, worker.topic_of).alone == {"c": "own"}
    assert sorted(worker.breakers) == ["a", "c"]


def worker_default() -> Any:
    worker = Worker("other")
    worker.task(TaskType("x", Email, topic="x"))(lambda email: None)
    return worker.breakers["x"]
