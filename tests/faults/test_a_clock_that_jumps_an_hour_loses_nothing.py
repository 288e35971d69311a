"""The wall clock jumps an hour ahead or back under a worker: nothing is lost or run twice, all of it goes on (I5).

Timeouts, commits and health go by a clock that only moves forward. A due time is one of the wall clock: after a
jump back what waits is late by the jump, until the clock is right again; after a jump ahead it is early by it.
"""

import time

import pytest

from stillframe.consumer import Retry, TaskContext, TransientError
from stillframe.consumer.events import AttemptTimedOut
from tests.engine.looking import await_commits
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.watch import Watch
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

HOUR = 3_600 * 10**9


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["ahead", "back"])
def test_a_clock_that_jumps_an_hour_loses_nothing(
    kafka: Kafka, topic_name: str, jump: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap, task_type, watch = kafka.bootstrap_servers, work_type(topic_name), Watch(stall_after=5)
    right, off = time.time_ns, 0

    def handle(work: Work, context: TaskContext) -> None:
        if work.kind == "twice" and context.attempt == 1:
            raise TransientError("once more")

    monkeypatch.setattr(time, "time_ns", lambda: right() + off)
    worker = make_worker(
        bootstrap, "g", task_type, handle, middleware=watch.middleware, listeners=watch.listeners, timeout=20,
        retry=Retry(max_attempts=3, base=2, cap=2),
    )  # fmt: skip
    create_family(kafka, worker, partitions=2)
    with running(worker):
        watch.await_ready()
        waiting = submit(bootstrap, task_type, [Work(number=n, key=f"w{n}", kind="twice") for n in range(5)])
        wait_until(lambda: len(watch.journal.entries) == 5, timeout=20, describe="the first attempts")
        off = jump
        at_once = submit(bootstrap, task_type, [Work(number=n, key=f"k{n}") for n in range(40)])
        again = submit(bootstrap, task_type, [Work(number=n, key=f"t{n}", kind="twice") for n in range(5)])
        watch.await_done([*at_once, *again])
        assert watch.health.ready().ok
        off = 0
        watch.await_done(waiting)
        await_commits(bootstrap, "g", topic_name, 2)
        watch.await_ready()
    assert not watch.seen(AttemptTimedOut)
    assert watch.journal.duplicates == set()
