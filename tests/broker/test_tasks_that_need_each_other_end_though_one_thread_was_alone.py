"""A task that waits until others of its worker have ended gets them, however often one thread is alone (I6).

Without the others let in it would wait for ever: it has the only thread.
"""

import threading

import pytest

from stillframe.consumer import TaskContext
from stillframe.consumer.dispatch.pace import Look, Pace
from tests.engine.running import SHORT_SESSION, make_worker, running
from tests.engine.topics import create_family
from tests.engine.watch import Watch
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka

TASKS = 300


def test_tasks_that_need_each_other_end_though_one_thread_was_alone(
    kafka: Kafka, topic_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, let_in = threading.Event(), threading.Event()

    def always_alone(pace: Pace, _now: Look, *, plenty: bool) -> None:
        """As if one thread had always proved better."""
        if alone.is_set() and not pace.alone:
            let_in.set()
        pace.alone = plenty
        if plenty:
            alone.set()

    monkeypatch.setattr(Pace, "look", always_alone)
    task_type, watch = work_type(topic_name), Watch()
    others = threading.Semaphore(0)

    def handle(work: Work, context: TaskContext) -> None:
        if work.number == 0:
            for _ in range(TASKS - 1):
                assert others.acquire(timeout=30)
        else:
            others.release()

    worker = make_worker(
        kafka.bootstrap_servers, "g", task_type, handle, middleware=watch.middleware, listeners=watch.listeners,
        kafka=SHORT_SESSION,
    )  # fmt: skip
    create_family(kafka, worker, partitions=4)
    ids = submit(kafka.bootstrap_servers, task_type, [Work(number=n, key=f"key-{n}") for n in range(TASKS)])
    with running(worker):
        watch.await_done(ids)
    assert watch.journal.duplicates == set()
    assert alone.is_set(), "one thread was never alone: this has shown nothing"
    assert let_in.is_set(), "the others were never let in: this has shown nothing"
