"""While partitions move, a key's retry that comes from a retry topic never runs beside its next task (I4)."""

import threading

import pytest

from stillframe.consumer import RetryAfter, TaskContext, Worker
from stillframe.consumer.events import Event, PartitionsAssigned
from tests.engine.journal import Journal
from tests.engine.protocols import CO_LOCATING, PROTOCOLS
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

TASKS = 1_500
KEYS = 10
#: Odd: an assignor that counts the partitions of all topics together would part a topic from its retry topic.
PARTITIONS = 5


@pytest.mark.parametrize("protocol", CO_LOCATING)
def test_a_retry_and_its_keys_next_task_never_run_in_two_workers(
    kafka: Kafka, topic_name: str, protocol: str
) -> None:
    journal = Journal()
    pause = threading.Event()
    joined = threading.Event()
    task_type = work_type(topic_name)

    def handle(work: Work, context: TaskContext) -> None:
        pause.wait(0.05)
        if context.attempt == 1 and work.number % 3 == 0:
            raise RetryAfter(0.3)

    def worker(name: str) -> Worker:
        def watch(event: Event) -> None:
            if name == "second" and isinstance(event, PartitionsAssigned) and event.partitions:
                joined.set()

        return make_worker(
            kafka.bootstrap_servers,
            group_of(topic_name),
            task_type,
            handle,
            middleware=[journal.middleware(name)],
            listeners=[watch],
            threads=KEYS,
            # No retry waits in memory: every one goes through the retry topic.
            memory_wait=0,
            tiers=("1s",),
            kafka=PROTOCOLS[protocol],
        )

    def retried_by(name: str) -> int:
        return sum(entry.worker == name and entry.attempt == 2 for entry in tuple(journal.entries))

    first = worker("first")
    create_family(kafka, first, partitions=PARTITIONS)
    works = [Work(number=n, key=f"k{n % KEYS}") for n in range(TASKS)]
    acknowledged = submit(kafka.bootstrap_servers, task_type, works)
    with running(first):
        wait_until(lambda: len(journal.entries) > TASKS / 10, timeout=40, describe="the first worker to work")
        with running(worker("second")):
            wait_until(joined.is_set, timeout=40, describe="the second worker to get partitions")
            wait_until(lambda: retried_by("second") > 20, timeout=60, describe="the second worker to retry")
        wait_until(lambda: len(journal.done) == TASKS, timeout=90, describe="all tasks to be done")

    assert journal.done == set(acknowledged)
    assert journal.duplicates == set()
    assert journal.overlaps(anywhere=True) == []
    assert journal.inversions(anywhere=True) == []
