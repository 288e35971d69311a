"""Read on a task topic or on a retry topic is revoked: readiness names the topic, and nothing else changes (I9).

When it is granted again, the worker reads on by itself.
"""

import pytest

from stillframe.consumer import TaskContext
from tests.engine.looking import await_commits
from tests.engine.permissions import AUTHORIZED, forbid_reading, permit
from tests.engine.running import SHORT_SESSION, make_worker, running
from tests.engine.topics import create_family
from tests.engine.watch import Watch
from tests.engine.work import Work, submit, work_type
from tests.kafka import Cluster


@pytest.mark.parametrize("own_kafka", [AUTHORIZED], indirect=True)
def test_a_forbidden_topic_turns_readiness_red_until_it_is_permitted(own_kafka: Cluster) -> None:
    bootstrap, watch, task_type = own_kafka.bootstrap_servers, Watch(), work_type("work")

    def handle(work: Work, context: TaskContext) -> None:
        pass

    worker = make_worker(
        bootstrap, "g", task_type, handle, middleware=watch.middleware, listeners=watch.listeners, stall_after=4,
        kafka=SHORT_SESSION | {"topic.metadata.refresh.interval.ms": 1_000},
    )  # fmt: skip
    create_family(own_kafka, worker, partitions=1)
    with running(worker):
        watch.await_ready()
        for topic in ("work", "work.g.retry.1m"):
            ids = submit(bootstrap, task_type, [Work(number=n) for n in range(10)])
            watch.await_done(ids)
            forbid_reading(bootstrap, topic)
            watch.await_unready(f"topic {topic} is forbidden")
            permit(bootstrap, topic)
            watch.await_ready()
        ids = submit(bootstrap, task_type, [Work(number=n) for n in range(10)])
        watch.await_done(ids)
        await_commits(bootstrap, "g", "work", 1)
