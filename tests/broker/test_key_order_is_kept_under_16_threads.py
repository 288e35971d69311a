"""Tasks of one key start in the order of their offsets and never overlap, whatever 16 threads do (I4)."""

import random
import threading

from stillframe.consumer import TaskContext
from tests.engine.journal import Journal
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

TASKS = 3_000


def test_key_order_is_kept_under_16_threads(kafka: Kafka, topic_name: str) -> None:
    journal = Journal()
    pause = threading.Event()
    threads: set[str] = set()

    def handle(work: Work, context: TaskContext) -> None:
        threads.add(threading.current_thread().name)
        pause.wait(random.uniform(0, 0.002))  # uneven work: what could overtake, would

    task_type = work_type(topic_name)
    worker = make_worker(kafka.bootstrap_servers, "g", task_type, handle, middleware=[journal.middleware()])
    create_family(kafka, worker)
    submit(
        kafka.bootstrap_servers,
        task_type,
        [Work(number=n, key=f"key-{n % 41 * (n % 3)}") for n in range(TASKS)],
    )

    with running(worker):
        wait_until(lambda: len(journal.entries) >= TASKS, timeout=60, describe="all tasks to be done")

    assert len(threads) == 16
    assert journal.overlaps() == []
    assert journal.inversions() == []
