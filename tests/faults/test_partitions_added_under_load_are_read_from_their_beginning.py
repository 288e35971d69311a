"""A task topic gets more partitions under load: none of its tasks is passed over (I1), hand-offs included.

A key's tasks may then lie in two partitions: their order across the change is not promised.
"""

from collections.abc import Sequence

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]

from stillframe.consumer import PermanentError, TaskContext
from stillframe.producer import Producer, ProducerSettings
from tests.engine.looking import await_commits, log_ends, read_all, task_id
from tests.engine.running import SHORT_SESSION, make_worker, running
from tests.engine.topics import create_family
from tests.engine.watch import Watch
from tests.engine.work import Work, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

#: Instead of the 30 s that a worker and the 5 min that a producer takes to look for more partitions.
SOON = {"topic.metadata.refresh.interval.ms": 500}
PROTOCOLS = {
    "eager": SHORT_SESSION | SOON | {"partition.assignment.strategy": "range"},
    "KIP-848": SOON | {"group.protocol": "consumer"},
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_partitions_added_under_load_are_read_from_their_beginning(
    kafka: Kafka, topic_name: str, protocol: str
) -> None:
    bootstrap, task_type, watch = kafka.bootstrap_servers, work_type(topic_name), Watch()

    def handle(work: Work, context: TaskContext) -> None:
        if work.kind == "dead":
            raise PermanentError("no")

    worker = make_worker(
        bootstrap, "g", task_type, handle, middleware=watch.middleware, listeners=watch.listeners,
        kafka=PROTOCOLS[protocol],
    )  # fmt: skip
    create_family(kafka, worker, partitions=1)
    admin = AdminClient({"bootstrap.servers": bootstrap})
    ids: list[str] = []
    with running(worker), Producer(ProducerSettings(bootstrap_servers=bootstrap, kafka=SOON)) as producer:

        def submit(kind: str = "plain") -> Sequence[str]:
            works = [Work(number=n, key=f"k{n}", kind=kind) for n in range(40)]
            receipts = [receipt.task_id for receipt in producer.submit_many(task_type, works)]
            ids.extend(receipts)
            return receipts

        submit()
        watch.await_done(ids)
        admin.create_partitions([NewPartitions(topic_name, 4)])[topic_name].result(10)

        def spread() -> bool:
            submit()
            try:
                return all(log_ends(bootstrap, topic_name, 4))
            except KafkaException:
                return False  # a new partition has no leader yet

        wait_until(spread, timeout=30, describe="tasks to lie in every partition")
        watch.await_done(ids)
        dead = submit("dead")
        await_commits(bootstrap, "g", topic_name, 4)
        watch.await_ready()
    assert watch.journal.duplicates == set()
    letters = {task_id(letter) for letter in read_all(bootstrap, f"{topic_name}.g.dlq")}
    assert letters == set(dead)
