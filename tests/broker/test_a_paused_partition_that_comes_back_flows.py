"""A partition that was paused when it left flows when it comes back; late results of its first stay do not count."""

import threading

import pytest

from stillframe.consumer import TaskContext, Worker
from stillframe.consumer.events import Event, PartitionPaused, PartitionsAssigned, PartitionsRevoked
from stillframe.schemas import TaskType
from tests.engine.journal import Journal
from tests.engine.looking import await_commits
from tests.engine.protocols import PROTOCOLS
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

#: A partition is paused at so many unfinished tasks.
MOST = 20
TASKS = 400


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_paused_partition_that_comes_back_flows(kafka: Kafka, topic_name: str, protocol: str) -> None:
    journal = Journal()
    opened = threading.Event()
    paused: set[tuple[str, int]] = set()
    owned: dict[str, set[int]] = {"first": set(), "second": set()}

    def handle(work: Work, context: TaskContext) -> None:
        opened.wait(60)

    def worker_named(name: str, task_type: TaskType[Work]) -> Worker:
        def watch(event: Event) -> None:
            match event:
                case PartitionPaused(partition) if partition.topic == topic_name:
                    paused.add((name, partition.number))
                case PartitionsAssigned(partitions):
                    owned[name] |= {each.number for each in partitions if each.topic == topic_name}
                case PartitionsRevoked(partitions):
                    owned[name] -= {each.number for each in partitions if each.topic == topic_name}

        return make_worker(
            kafka.bootstrap_servers,
            f"g-{topic_name[-6:]}",
            task_type,
            handle,
            middleware=[journal.middleware(name)],
            listeners=[watch],
            threads=4,
            partition_records=MOST,
            revoke_drain=0.2,
            grace=0.5,
            kafka=PROTOCOLS[protocol],
        )

    task_type = work_type(topic_name)
    first, second = worker_named("first", task_type), worker_named("second", task_type)
    create_family(kafka, first)
    works = [Work(number=n, key=f"k{n % 100}") for n in range(TASKS)]
    acknowledged = submit(kafka.bootstrap_servers, task_type, works)

    with running(first):
        wait_until(lambda: {("first", n) for n in range(4)} <= paused, timeout=40, describe="all to be paused")
        with running(second):
            wait_until(lambda: owned["second"] and len(owned["first"]) < 4, timeout=40, describe="some to leave")
        wait_until(lambda: len(owned["first"]) == 4, timeout=40, describe="all to come back")
        opened.set()
        await_commits(kafka.bootstrap_servers, f"g-{topic_name[-6:]}", topic_name, timeout=60)
    assert journal.done == set(acknowledged)
    # What ran in both stays; nothing else was started twice.
    assert len(journal.duplicates) <= 3 * 4
