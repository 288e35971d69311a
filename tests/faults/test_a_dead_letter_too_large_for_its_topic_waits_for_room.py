"""A record that no dead-letter topic takes holds its offset and says so, until the topic takes it (I8).

One larger than `max_task_bytes` is never parsed; it goes there byte-identical.
"""

import os

from confluent_kafka import Producer as RawProducer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from tests.engine.looking import await_commits, committed, read_all
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.watch import Watch
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka

LARGE = 3_000_000


def test_a_dead_letter_too_large_for_its_topic_waits_for_room(kafka: Kafka, topic_name: str) -> None:
    bootstrap, task_type, watch = kafka.bootstrap_servers, work_type(topic_name), Watch()
    worker = make_worker(
        bootstrap, "g", task_type, lambda work, context: None, middleware=watch.middleware, listeners=watch.listeners
    )
    create_family(kafka, worker, partitions=1, largest=2 * LARGE)
    dead_letter_topic, value = f"{topic_name}.g.dlq", os.urandom(LARGE)
    raw = RawProducer({"bootstrap.servers": bootstrap, "message.max.bytes": 2 * LARGE})
    with running(worker):
        watch.await_ready()
        _limit(bootstrap, dead_letter_topic, 1_000_000)
        raw.produce(topic_name, value, b"key")
        assert raw.flush(30) == 0
        watch.await_unready(f"{topic_name}[0]", "1 task(s) are held")
        assert committed(bootstrap, "g", topic_name, 1)[0] <= 0

        _limit(bootstrap, dead_letter_topic, 3 * LARGE)
        later = submit(bootstrap, task_type, [Work(number=1)])
        watch.await_done(later)
        watch.await_ready()
        await_commits(bootstrap, "g", topic_name, 1)
    assert [letter.value for letter in read_all(bootstrap, dead_letter_topic)] == [value]


def _limit(bootstrap_servers: str, topic: str, largest: int) -> None:
    """Set a topic's largest message."""
    entry = ConfigEntry("max.message.bytes", str(largest), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    admin.incremental_alter_configs([resource])[resource].result(10)
