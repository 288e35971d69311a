"""A batch that the client cannot take turns readiness red, by partition and offset; both ways past it work (I9).

To raise receive.message.max.bytes loses nothing: the record is dead-lettered, unchanged, as too large for a task.
To commit the offset behind it, while the group has no member, gives that record up and nothing else.
"""

import os

import pytest
from confluent_kafka import Producer as RawProducer

from stillframe.consumer import Worker
from stillframe.consumer.events import Warned
from tests.engine.looking import await_commits, read_all
from tests.engine.running import SHORT_SESSION, make_worker, running
from tests.engine.skipping import commit_past
from tests.engine.topics import create_family
from tests.engine.watch import Watch
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka

HUGE = 3_000_000
NARROW = SHORT_SESSION | {"receive.message.max.bytes": 1_200_000, "fetch.max.bytes": 1_000_000}
WIDE = SHORT_SESSION | {"receive.message.max.bytes": 100_000_000}
#: What the client sees of each: a response beyond its limit, and one that is small but unpacks beyond it.
BATCHES = {"none": os.urandom(HUGE), "zstd": bytes(HUGE)}


@pytest.mark.parametrize(("compression", "remedy"), [("none", "skip"), ("zstd", "skip"), ("none", "raise the limit")])
def test_what_cannot_be_fetched_is_named_and_can_be_passed(
    kafka: Kafka, topic_name: str, compression: str, remedy: str
) -> None:
    bootstrap, task_type, watch = kafka.bootstrap_servers, work_type(topic_name), Watch(stall_after=3)

    def worker_with(properties: dict[str, int], watch: Watch) -> Worker:
        return make_worker(
            bootstrap, "g", task_type, lambda work, context: None, middleware=watch.middleware,
            listeners=watch.listeners, stall_after=3, kafka=properties,
        )  # fmt: skip

    narrow = worker_with(NARROW, watch)
    create_family(kafka, narrow, partitions=1, largest=2 * HUGE)
    before = submit(bootstrap, task_type, [Work(number=n) for n in range(10)])
    _produce(bootstrap, topic_name, BATCHES[compression], compression)
    after = submit(bootstrap, task_type, [Work(number=n) for n in range(10)])
    with running(narrow):
        watch.await_done(before)
        watch.await_unready(f"{topic_name}[0]", "offset 10")
        assert watch.journal.done == set(before)
        assert "receive.message.max.bytes" in watch.seen(Warned)[0].text

    if remedy == "skip":
        commit_past(bootstrap, "g", topic_name, 0, 11)
    watch = watch.of_another()
    with running(worker_with(NARROW if remedy == "skip" else WIDE, watch)):
        watch.await_done(after)
        watch.await_ready()
        await_commits(bootstrap, "g", topic_name, 1)
    assert watch.journal.duplicates == set()
    letters = [letter.value for letter in read_all(bootstrap, f"{topic_name}.g.dlq")]
    assert letters == ([] if remedy == "skip" else [BATCHES[compression]])


def _produce(bootstrap_servers: str, topic: str, value: bytes, compression: str) -> None:
    producer = RawProducer(
        {"bootstrap.servers": bootstrap_servers, "compression.type": compression, "message.max.bytes": 2 * HUGE}
    )
    producer.produce(topic, value)
    assert producer.flush(30) == 0
