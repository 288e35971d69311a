"""Write on the retry or the dead-letter topic is revoked: offset held, partition paused, health says why (I8).

When it is granted again, the worker goes on by itself.
"""

import pytest

from stillframe.consumer import PermanentError, Retry, TaskContext
from stillframe.consumer.events import HandOffFailed
from tests.engine.looking import await_commits, committed, read_all, task_id
from tests.engine.permissions import AUTHORIZED, forbid_writing, permit
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.watch import Watch
from tests.engine.work import Work, submit, work_type
from tests.kafka import Cluster

TOPICS = {"later": "work.g.retry.10m", "dead": "work.g.dlq"}


@pytest.mark.parametrize("own_kafka", [AUTHORIZED], indirect=True)
def test_a_forbidden_hand_off_waits_for_its_permission(own_kafka: Cluster) -> None:
    bootstrap, watch, task_type = own_kafka.bootstrap_servers, Watch(), work_type("work")

    def handle(work: Work, context: TaskContext) -> None:
        raise PermanentError("no") if work.kind == "dead" else ValueError("later")

    worker = make_worker(
        bootstrap, "g", task_type, handle, listeners=watch.listeners, memory_wait=0,
        retry=Retry(max_attempts=3, base=600, cap=600),
    )  # fmt: skip
    create_family(own_kafka, worker, partitions=1)
    with running(worker):
        watch.await_ready()
        for number, (kind, topic) in enumerate(TOPICS.items()):
            forbid_writing(bootstrap, topic)
            (asked,) = submit(bootstrap, task_type, [Work(number=1, kind=kind)])
            watch.await_unready("work[0]", "1 task(s) are held", "Write and Describe on it")
            assert watch.seen(HandOffFailed)[-1].topic == topic
            assert committed(bootstrap, "g", "work", 1)[0] <= number

            permit(bootstrap, topic)
            await_commits(bootstrap, "g", "work", 1)
            watch.await_ready()
            assert {task_id(record) for record in read_all(bootstrap, topic)} == {asked}
