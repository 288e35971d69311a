"""All brokers are gone for longer than the session and the time that a hand-off gets: nothing is lost (I1).

The worker stays alive, says that all brokers are down, and goes on by itself.
"""

import threading
import time

import pytest

from stillframe.consumer import PermanentError, TaskContext, settings
from stillframe.consumer.events import HandOffFailed
from tests.engine.looking import await_commits, read_all, task_id
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.watch import Watch
from tests.engine.work import Work, submit, work_type
from tests.kafka import Cluster
from tests.waiting import wait_until

#: Of the worker's session of 6 s nobody is left to count; a hand-off gets so much.
HANDOFF_TIMEOUT = 3.0


def test_an_outage_beyond_every_timeout_costs_nothing(own_kafka: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "HANDOFF_TIMEOUT", HANDOFF_TIMEOUT)
    bootstrap, watch, task_type = own_kafka.bootstrap_servers, Watch(), work_type("work")
    gone = threading.Event()

    def handle(work: Work, context: TaskContext) -> None:
        gone.wait(60)
        if work.kind == "dead":
            raise PermanentError("no")

    worker = make_worker(
        bootstrap, "g", task_type, handle, middleware=watch.middleware, listeners=watch.listeners, threads=40
    )
    create_family(own_kafka, worker, partitions=2)
    with running(worker):
        watch.await_ready()
        done = submit(bootstrap, task_type, [Work(number=n, key=f"k{n}") for n in range(20)])
        dead = submit(bootstrap, task_type, [Work(number=n, key=f"d{n}", kind="dead") for n in range(20)])
        wait_until(lambda: len(watch.journal.started) == 40, timeout=30, describe="all to run")
        own_kafka.kill()
        since = time.monotonic()
        gone.set()
        watch.await_unready("all brokers are down")
        watch.await_seen(HandOffFailed, len(dead))
        wait_until(lambda: time.monotonic() - since > 8, timeout=20, describe="the session's time to be over")
        assert watch.health.live().ok
        own_kafka.restart()
        watch.await_ready(60)
        await_commits(bootstrap, "g", "work", 2)
    assert watch.journal.done == set(done)
    assert {task_id(letter) for letter in read_all(bootstrap, "work.g.dlq")} == set(dead)
