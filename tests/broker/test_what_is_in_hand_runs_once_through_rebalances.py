"""What one thread has in hand when its partition leaves runs once and in order, here or at the new owner (I3, I4)."""

import time
from collections.abc import Collection
from functools import partial

import pytest

from stillframe.consumer import TaskContext, Worker
from stillframe.consumer.dispatch.executors import Executors
from stillframe.consumer.dispatch.pace import Look, Pace
from stillframe.consumer.events import PartitionsAssigned
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from tests.engine.journal import Journal
from tests.engine.running import SHORT_SESSION, make_worker, running
from tests.engine.topics import create_family
from tests.engine.watch import Watch
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

TASKS, KEYS = 12_000, 400
#: Seconds of processor that a task takes: so few fit into what a hand lasts that mostly there is one.
BUSY = 0.0005


def always_alone(pace: Pace, _now: Look, *, plenty: bool) -> None:
    """As if one thread had always proved better."""
    pace.alone = plenty


def busy(_work: Work, _context: TaskContext) -> None:
    until = time.thread_time() + BUSY
    while time.thread_time() < until:
        pass


def has_run(journal: Journal, worker: str) -> bool:
    return any(each.worker == worker for each in tuple(journal.entries))


def test_what_is_in_hand_runs_once_through_rebalances(
    kafka: Kafka, topic_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaving: list[int] = []
    withdraw = Executors.withdraw

    def withdraw_and_count(executors: Executors, partitions: Collection[Partition]) -> list[Arrival]:
        leaving.append(len(executors._hand))
        return withdraw(executors, partitions)

    monkeypatch.setattr(Pace, "look", always_alone)
    monkeypatch.setattr(Executors, "withdraw", withdraw_and_count)
    task_type, first = work_type(topic_name), Watch()

    def make(watch: Watch, name: str) -> Worker:
        return make_worker(
            kafka.bootstrap_servers, "g", task_type, busy, middleware=[watch.journal.middleware(name)],
            listeners=watch.listeners, kafka=SHORT_SESSION,
        )  # fmt: skip

    worker = make(first, "first")
    create_family(kafka, worker, partitions=4)
    ids = submit(kafka.bootstrap_servers, task_type, [Work(number=n, key=f"key-{n % KEYS}") for n in range(TASKS)])
    with running(worker):
        wait_until(lambda: len(first.journal.done) > TASKS // 10, timeout=30, describe="a tenth to be done")
        for name in ("second", "third"):
            other = first.of_another()
            with running(make(other, name)):
                other.await_seen(PartitionsAssigned)
                wait_until(
                    partial(has_run, first.journal, name), timeout=30, describe=f"the {name} worker to run some"
                )
        first.await_done(ids, timeout=60)
    assert first.journal.duplicates == set()
    assert first.journal.overlaps(anywhere=True) == []
    assert first.journal.inversions(anywhere=True) == []
    assert any(leaving), "nothing was in hand when partitions left: this has shown nothing"
