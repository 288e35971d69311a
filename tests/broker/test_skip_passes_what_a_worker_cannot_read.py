import json
import os

import pytest
from confluent_kafka import Producer as RawProducer

from stillframe.consumer.operate.cluster import Cluster
from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.settings import WorkerSettings
from tests.cli import Ran, stillframe
from tests.engine.looking import await_commits, read_all
from tests.engine.running import SHORT_SESSION, make_worker, running
from tests.engine.topics import create_family
from tests.engine.watch import Watch
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka

HUGE = 3_000_000
NARROW = {"receive.message.max.bytes": 1_200_000, "fetch.max.bytes": 1_000_000}
#: A response beyond a client's limit, and one that is small but unpacks beyond it.
BATCHES = {"none": os.urandom(HUGE), "zstd": bytes(HUGE)}


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_skip_passes_what_a_worker_cannot_read(kafka: Kafka, topic_name: str, compression: str) -> None:
    """The batch goes to the dead letters unchanged; what was done above it stays done, and the rest gets done."""
    bootstrap, group, watch = kafka.bootstrap_servers, group_of(topic_name), Watch()
    task_type = work_type(topic_name)
    narrow = make_worker(
        bootstrap, group, task_type, lambda work, context: None, middleware=watch.middleware,
        listeners=watch.listeners, kafka=SHORT_SESSION | NARROW,
    )  # fmt: skip
    create_family(kafka, narrow, partitions=1, largest=2 * HUGE)
    submit(bootstrap, task_type, [Work(number=n) for n in range(10)])
    produce(bootstrap, topic_name, [BATCHES[compression]] * 3, compression)
    after = submit(bootstrap, task_type, [Work(number=n) for n in range(10)])
    cluster = Cluster(WorkerSettings(bootstrap_servers=bootstrap))
    cluster.commit(group, (topic_name, 0), Progress(10, ((14, 16),)))

    def skip() -> Ran:
        return stillframe(
            "skip", f"{topic_name}:0:10", "-g", group, "--yes", "--json",
            STILLFRAME_BOOTSTRAP_SERVERS=bootstrap, STILLFRAME_KAFKA=json.dumps(NARROW),
        )  # fmt: skip

    skipped = skip().json
    assert (skipped["first"], skipped["last"], skipped["copied"], skipped["lost"]) == (10, 12, 3, 0)
    assert cluster.progress(group, [(topic_name, 0)])[topic_name, 0] == Progress(13, ((14, 16),))
    letters = read_all(bootstrap, f"{topic_name}.{group}.dlq")
    assert [letter.value for letter in letters] == [BATCHES[compression]] * 3
    assert {letter.header("stillframe-error-type") for letter in letters} == {b"skipped"}

    with running(narrow):
        watch.await_done([after[0], *after[3:]])
        error, hint = skip().failure
        assert "has 1 member(s)" in error
        assert "stop every worker of the group" in hint
        await_commits(bootstrap, group, topic_name, 1)
    assert watch.journal.done == {after[0], *after[3:]}


def produce(bootstrap_servers: str, topic: str, values: list[bytes], compression: str) -> None:
    """As few batches as the client makes of it."""
    producer = RawProducer({
        "bootstrap.servers": bootstrap_servers, "compression.type": compression, "linger.ms": 500,
        "message.max.bytes": 2 * HUGE, "batch.size": 2 * HUGE,
    })  # fmt: skip
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(30) == 0
