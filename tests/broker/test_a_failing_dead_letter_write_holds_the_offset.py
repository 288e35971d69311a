"""While a dead letter cannot be written its offset is held and the rest flows; then it recovers (I2, I8).

OUTAGE= is how many seconds the dead-letter topic is away, after it was seen that its partition is held.
"""

import os
import time

from confluent_kafka.admin import AdminClient

from stillframe.consumer import PermanentError, TaskContext
from stillframe.consumer.events import (
    Event,
    HandOffFailed,
    PartitionPaused,
    PartitionResumed,
    PartitionsAssigned,
)
from tests.engine.journal import Journal
from tests.engine.looking import await_commits, committed, read_all, task_id
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka, create_topic
from tests.waiting import wait_until

OUTAGE = float(os.environ.get("OUTAGE", "0"))
#: Tasks of the same key that are done before it, and seconds until all is well again.
BEFORE, RECOVERY = 5, 30.0


def test_a_failing_dead_letter_write_holds_the_offset(kafka: Kafka, topic_name: str) -> None:
    journal = Journal()
    events: list[Event] = []

    def handle(work: Work, context: TaskContext) -> None:
        if work.kind == "dead":
            raise PermanentError("no")

    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic_name)
    worker = make_worker(
        bootstrap, "g", task_type, handle, middleware=[journal.middleware()], listeners=[events.append]
    )
    create_family(kafka, worker, partitions=2)
    dead_letter_topic = f"{topic_name}.g.dlq"
    admin = AdminClient({"bootstrap.servers": bootstrap})

    def seen(kind: type[Event]) -> list[Event]:
        return [event for event in tuple(events) if isinstance(event, kind)]

    def flow(first: int) -> list[str]:
        """More tasks of all keys: those of the other partition are done."""
        before = len(journal.done)
        sent = submit(bootstrap, task_type, [Work(number=first + n, key=f"k{n}") for n in range(40)])
        wait_until(lambda: len(journal.done) > before + 5, timeout=30, describe="the other partition to flow")
        return sent

    with running(worker):
        wait_until(lambda: seen(PartitionsAssigned), timeout=30, describe="the worker to run")
        done = submit(bootstrap, task_type, [Work(number=n, key="dead") for n in range(BEFORE)])
        await_commits(bootstrap, "g", topic_name, 2)
        frozen = committed(bootstrap, "g", topic_name, 2)
        admin.delete_topics([dead_letter_topic])[dead_letter_topic].result(10)
        (dead,) = submit(bootstrap, task_type, [Work(number=BEFORE, key="dead", kind="dead")])
        wait_until(lambda: seen(HandOffFailed), timeout=30, describe="the write to fail")
        wait_until(lambda: seen(PartitionPaused), timeout=30, describe="the partition to be held")
        paused = seen(PartitionPaused)[0].partition.number  # type: ignore[union-attr]
        gone = time.monotonic()
        done += flow(100)
        wait_until(lambda: time.monotonic() >= gone + OUTAGE, timeout=OUTAGE + 1, describe="the outage to end")
        done += flow(200)
        assert committed(bootstrap, "g", topic_name, 2)[paused] == frozen[paused] == BEFORE
        assert not seen(PartitionResumed)

        create_topic(bootstrap, dead_letter_topic, 2)
        wait_until(lambda: seen(PartitionResumed), timeout=RECOVERY, describe="the partition to resume by itself")
        wait_until(lambda: journal.done == set(done), timeout=RECOVERY, describe="everything to be done")
        await_commits(bootstrap, "g", topic_name, 2)
    letters = {task_id(letter) for letter in read_all(bootstrap, dead_letter_topic)}
    assert letters == {dead}
