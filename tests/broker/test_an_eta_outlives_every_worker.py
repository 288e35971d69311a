"""A task with a time to start keeps it while nobody works; one that has expired is skipped, and counted (I5)."""

import time
from datetime import UTC, datetime, timedelta

from stillframe.consumer import TaskContext
from stillframe.consumer.events import AttemptEnded, HandedOff, Turned
from stillframe.consumer.listeners.metrics import Metrics
from stillframe.consumer.outcome.end import Skipped
from stillframe.producer import Producer, ProducerSettings
from tests.engine.looking import await_commits
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.watch import Watch
from tests.engine.work import Work, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

#: Seconds: what waits in memory when the first worker stops, and what waits in a retry topic.
IN_MEMORY, IN_A_TOPIC = 7.0, 8.0
MEMORY_WAIT = 7.5
EXPIRES = 1.0
#: What a busy machine may add.
LATENESS = 2.0


def test_an_eta_outlives_every_worker(kafka: Kafka, topic_name: str) -> None:
    bootstrap, task_type, watch = kafka.bootstrap_servers, work_type(topic_name), Watch()
    next_watch, metrics = watch.of_another(), Metrics("g")

    def handle(work: Work, context: TaskContext) -> None: ...

    first, second = (
        make_worker(
            bootstrap, "g", task_type, handle, middleware=watch.middleware, listeners=[*each.listeners, metrics],
            memory_wait=MEMORY_WAIT,
        )
        for each in (watch, next_watch)
    )  # fmt: skip
    create_family(kafka, first)
    with Producer(ProducerSettings(bootstrap_servers=bootstrap)) as producer:
        with running(first):
            watch.await_ready()
            due = {}
            for number, delay in enumerate((IN_MEMORY, IN_A_TOPIC)):
                submitted = time.time()
                receipt = producer.submit(task_type, Work(number=number), delay=delay)
                due[receipt.task_id] = submitted + delay
            watch.await_seen(HandedOff)
            wait_until(lambda: watch.seen(Turned)[-1].waiting == 2, describe="both to wait")
        expiry = datetime.now(UTC) + timedelta(seconds=EXPIRES)
        producer.submit(task_type, Work(number=2), expires_at=expiry)
        in_time = producer.submit(task_type, Work(number=3), expires_at=expiry + timedelta(minutes=1)).task_id
    wait_until(lambda: datetime.now(UTC) > expiry, describe="one to expire while nobody works")
    with running(second):
        watch.await_done([*due, in_time])
        await_commits(bootstrap, "g", topic_name)

    assert watch.journal.done == {*due, in_time}
    entries = {entry.task_id: entry for entry in watch.journal.entries}
    assert sorted(watch.journal.started) == sorted((task, 1) for task in entries)
    assert all(0 <= entries[task].started - due[task] < LATENESS for task in due)
    assert [event.end for event in next_watch.seen(AttemptEnded)].count(Skipped()) == 1
    labels = {"task_type": "work", "outcome": "skipped"}
    assert metrics.registry.get_sample_value("stillframe_attempts_total", labels) == 1
