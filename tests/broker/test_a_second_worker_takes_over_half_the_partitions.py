"""A worker that joins under load gets half of the partitions; nothing is lost or runs twice (I3, I7)."""

import threading

import pytest

from stillframe.consumer import TaskContext, Worker
from stillframe.consumer.events import Event, PartitionsAssigned
from stillframe.schemas import TaskType
from tests.engine.journal import Journal
from tests.engine.protocols import CO_LOCATING, PROTOCOLS
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

TASKS = 2_000


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_second_worker_takes_over_half_the_partitions(kafka: Kafka, topic_name: str, protocol: str) -> None:
    journal = Journal()
    pause = threading.Event()
    assigned: list[PartitionsAssigned] = []

    def handle(work: Work, context: TaskContext) -> None:
        pause.wait(0.02)

    def worker_named(name: str, task_type: TaskType[Work]) -> Worker:
        def watch(event: Event) -> None:
            if name == "second" and isinstance(event, PartitionsAssigned) and event.partitions:
                assigned.append(event)

        middleware = [journal.middleware(name)]
        return make_worker(
            kafka.bootstrap_servers,
            "g",
            task_type,
            handle,
            middleware=middleware,
            listeners=[watch],
            threads=4,
            kafka=PROTOCOLS[protocol],
        )

    task_type = work_type(topic_name)
    first, second = worker_named("first", task_type), worker_named("second", task_type)
    create_family(kafka, first, partitions=8)
    works = [Work(number=n, key=f"k{n % 80}") for n in range(TASKS)]
    acknowledged = submit(kafka.bootstrap_servers, task_type, works)

    with running(first):
        wait_until(lambda: len(journal.entries) > TASKS / 10, timeout=30, describe="the first worker to work")
        with running(second):
            wait_until(lambda: assigned, timeout=30, describe="the second worker to get partitions")
            wait_until(lambda: len(journal.done) == TASKS, timeout=60, describe="all tasks to be done")

    assert journal.done == set(acknowledged)
    assert journal.duplicates == set()
    assert journal.overlaps() == []
    assert journal.inversions() == []
    # 8 partitions of the topic and 24 of its retry tiers: the others halve their sum, range each topic.
    given = [partition for event in assigned for partition in event.partitions]
    assert len(given) == 16
    if protocol in CO_LOCATING:
        assert sum(partition.topic == topic_name for partition in given) == 4
        assert {entry.worker for entry in journal.entries} == {"first", "second"}
