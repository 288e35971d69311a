"""Of two workers with one group.instance.id one ends, with an error that says so: none lives on as a zombie (I9)."""

import json
from pathlib import Path

import pytest

from tests.engine.process import worker_process
from tests.engine.running import make_worker
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

CLASSIC = {"session.timeout.ms": 6_000, "heartbeat.interval.ms": 500, "group.instance.id": "twin"}
KIP_848 = {"group.protocol": "consumer", "group.instance.id": "twin"}


@pytest.mark.parametrize(
    ("properties", "fenced"), [(CLASSIC, "first"), (KIP_848, "second")], ids=["range", "KIP-848"]
)
def test_a_worker_under_a_taken_instance_id_ends(
    kafka: Kafka, topic_name: str, tmp_path: Path, properties: dict[str, object], fenced: str
) -> None:
    """In the classic protocol the newcomer takes over, under KIP-848 it is turned away."""
    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic_name)
    create_family(kafka, make_worker(bootstrap, group_of(topic_name), task_type, lambda work, context: None))
    variables = {"STILLFRAME_KAFKA": json.dumps(properties)}
    with worker_process(bootstrap, topic_name, tmp_path / "first", **variables) as first:
        first.await_assignment()
        with worker_process(bootstrap, topic_name, tmp_path / "second", **variables) as second:
            ended, alive = (first, second) if fenced == "first" else (second, first)
            wait_until(lambda: ended.process.poll() is not None, timeout=40, describe=f"the {fenced} worker to end")
            assert ended.process.returncode == 1
            assert "another worker runs with this group.instance.id" in ended.log.read_text()
            submit(bootstrap, task_type, [Work(number=n, key=f"k{n}") for n in range(20)])
            wait_until(lambda: len(alive.lines("end")) == 20, timeout=40, describe="the other to go on")
            assert alive.terminate() == 0
