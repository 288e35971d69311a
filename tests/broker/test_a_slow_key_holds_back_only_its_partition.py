"""A partition whose handlers are stuck is paused at its limit; the others flow, and it resumes by itself (I6)."""

import threading

from stillframe.consumer import TaskContext
from stillframe.consumer.events import Event, PartitionPaused, PartitionResumed
from tests.engine.journal import Journal
from tests.engine.looking import await_commits, committed
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

LIMIT = 50


def test_a_slow_key_holds_back_only_its_partition(kafka: Kafka, topic_name: str) -> None:
    journal = Journal()
    go_on = threading.Event()
    events: list[Event] = []

    def handle(work: Work, context: TaskContext) -> None:
        if work.key == "stuck":
            go_on.wait(60)

    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic_name)
    worker = make_worker(
        bootstrap,
        "g",
        task_type,
        handle,
        middleware=[journal.middleware()],
        listeners=[events.append],
        partition_records=LIMIT,
    )
    create_family(kafka, worker)
    stuck = submit(bootstrap, task_type, [Work(number=n, key="stuck") for n in range(10 * LIMIT)])
    others = submit(bootstrap, task_type, [Work(number=n, key=f"k{n}") for n in range(10 * LIMIT)])

    def held() -> set[int]:
        """Partitions that are paused now; others pause for a moment, when a batch is larger than the limit."""
        turns = [event for event in tuple(events) if isinstance(event, PartitionPaused | PartitionResumed)]
        last = {event.partition.number: event for event in turns}
        return {number for number, event in last.items() if isinstance(event, PartitionPaused)}

    with running(worker):
        wait_until(lambda: len(journal.done) > 5 * LIMIT, timeout=30, describe="the other partitions to flow")
        wait_until(lambda: len(held()) == 1, timeout=30, describe="the stuck partition alone to be paused")
        (stuck_partition,) = held()
        assert committed(bootstrap, "g", topic_name)[stuck_partition] == 0

        go_on.set()
        wait_until(lambda: journal.done == {*stuck, *others}, timeout=60, describe="everything to be done")
        wait_until(lambda: not held(), timeout=30, describe="the partition to resume")
        await_commits(bootstrap, "g", topic_name)

    assert {entry.partition for entry in journal.entries if entry.key == b"stuck"} == {stuck_partition}
    assert journal.duplicates == set()
    assert journal.inversions() == []
