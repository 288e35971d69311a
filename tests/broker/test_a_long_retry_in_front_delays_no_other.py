"""A retry in 10 minutes in front of one in 5 seconds, and of its own key's next task, delays neither (I4, I5).

In memory, and in one partition of one retry topic.
"""

import time

import pytest

from stillframe.consumer import RetryAfter, TaskContext
from stillframe.consumer.events import Turned
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.watch import Watch
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

LONG, SHORT = 600.0, 5.0
#: What a busy machine may add; ten minutes it is not.
LATENESS = 10.0


@pytest.mark.parametrize("memory_wait", [2 * LONG, 0.0], ids=["in memory", "in a retry topic"])
def test_a_long_retry_in_front_delays_no_other(kafka: Kafka, topic_name: str, memory_wait: float) -> None:
    watch, failed_at = Watch(), dict[str, float]()

    def handle(work: Work, context: TaskContext) -> None:
        if context.attempt == 1:
            failed_at[context.task_id] = time.time()
            raise RetryAfter(float(work.kind))

    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic_name)
    worker = make_worker(
        bootstrap, "g", task_type, handle, middleware=watch.middleware, listeners=watch.listeners,
        memory_wait=memory_wait, tiers=("10m",),
    )  # fmt: skip
    create_family(kafka, worker, partitions=1)

    with running(worker):
        watch.await_ready()
        (long,) = submit(bootstrap, task_type, [Work(number=0, key="k", kind=str(LONG))])
        # Read ahead, where it waits in a topic.
        wait_until(lambda: watch.seen(Turned)[-1].waiting == 1, timeout=30, describe="the long one to wait")
        submitted = time.time()
        (short,) = submit(bootstrap, task_type, [Work(number=1, key="k", kind=str(SHORT))])
        watch.await_done([short])

    first, second = (entry for entry in watch.journal.entries if entry.task_id == short)
    assert first.started - submitted < LATENESS
    assert 0 <= second.started - failed_at[short] - SHORT < LATENESS
    assert [entry.attempt for entry in watch.journal.entries if entry.task_id == long] == [1]
