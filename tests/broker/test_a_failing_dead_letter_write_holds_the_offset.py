"""While a dead letter cannot be written its offset is held and the rest flows; then it recovers (I2, I8)."""

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

    with running(worker):
        wait_until(lambda: seen(PartitionsAssigned), timeout=30, describe="the worker to run")
        admin.delete_topics([dead_letter_topic])[dead_letter_topic].result(10)
        (dead,) = submit(bootstrap, task_type, [Work(number=0, key="dead", kind="dead")])
        wait_until(lambda: seen(HandOffFailed), timeout=30, describe="the write to fail")
        wait_until(lambda: seen(PartitionPaused), timeout=30, describe="the partition to be held")
        paused = seen(PartitionPaused)[0].partition  # type: ignore[union-attr]
        others = submit(bootstrap, task_type, [Work(number=n, key=f"k{n}") for n in range(40)])
        wait_until(lambda: len(journal.done) > 5, timeout=30, describe="the other partition to flow")
        assert committed(bootstrap, "g", topic_name, 2)[paused.number] <= 0

        create_topic(bootstrap, dead_letter_topic, 2)
        wait_until(lambda: seen(PartitionResumed), timeout=40, describe="the partition to resume by itself")
        wait_until(lambda: journal.done == set(others), timeout=30, describe="everything to be done")
        await_commits(bootstrap, "g", topic_name, 2)
    letters = {task_id(letter) for letter in read_all(bootstrap, dead_letter_topic)}
    assert letters == {dead}
