"""A worker that cannot write a dead letter still stops in time, with code 0, and leaves its group (I7, I8)."""

import time
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from tests.engine.process import worker_process
from tests.engine.running import make_worker
from tests.engine.topics import create_family
from tests.engine.work import group_of, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

GRACE = 2.0
SLACK = 4.0


def test_a_stop_while_dead_letters_fail_leaves_the_group(kafka: Kafka, topic_name: str, tmp_path: Path) -> None:
    bootstrap, group = kafka.bootstrap_servers, group_of(topic_name)
    create_family(kafka, make_worker(bootstrap, group, work_type(topic_name), lambda work, context: None))
    admin = AdminClient({"bootstrap.servers": bootstrap})
    dead_letters = f"{topic_name}.{group}.dlq"

    with worker_process(bootstrap, topic_name, tmp_path / "worker", STILLFRAME_GRACE=str(GRACE)) as worker:
        worker.await_assignment()
        admin.delete_topics([dead_letters])[dead_letters].result(10)
        raw = Producer({"bootstrap.servers": bootstrap})
        raw.produce(topic_name, b"not a task")
        assert raw.flush(10) == 0
        wait_until(lambda: "handoff_failed" in worker.log.read_text(), timeout=60, describe="the write to fail")
        started = time.monotonic()
        assert worker.terminate() == 0
        assert time.monotonic() - started < GRACE + SLACK

    assert admin.describe_consumer_groups([group])[group].result(10).members == []
