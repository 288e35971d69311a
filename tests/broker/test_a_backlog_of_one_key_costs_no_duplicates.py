"""A stop while a busy key has thousands waiting repeats none of the other keys' tasks among them (I3)."""

import threading
from collections import Counter

import pytest

from stillframe.consumer import TaskContext, Worker
from tests.engine.protocols import CO_LOCATING, PROTOCOLS
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

#: Every other one is of the busy key: as runs of offsets the map of the others takes 6,000 bytes, and 3,000 fit.
TASKS = 6_000


@pytest.mark.parametrize("protocol", CO_LOCATING)
def test_a_backlog_of_one_key_costs_no_duplicates(kafka: Kafka, topic_name: str, protocol: str) -> None:
    starts: Counter[int] = Counter()
    gate = threading.Event()
    task_type = work_type(topic_name)

    def handle(work: Work, context: TaskContext) -> None:
        starts[work.number] += 1
        if work.key == "busy":
            gate.wait(60)

    def worker() -> Worker:
        return make_worker(
            kafka.bootstrap_servers,
            group_of(topic_name),
            task_type,
            handle,
            kafka=PROTOCOLS[protocol],
            log_level="error",
        )

    first = worker()
    create_family(kafka, first, partitions=1)
    works = [Work(number=n, key=f"k{n % 100}" if n % 2 else "busy") for n in range(TASKS)]
    submit(kafka.bootstrap_servers, task_type, works)
    with running(first):
        wait_until(lambda: len(starts) == TASKS / 2 + 1, timeout=60, describe="all others to be done")
        first.stop()
        gate.set()
    with running(worker()):
        wait_until(lambda: len(starts) == TASKS, timeout=60, describe="the busy key's to be done")
    assert {number for number, times in starts.items() if times > 1} == set()
