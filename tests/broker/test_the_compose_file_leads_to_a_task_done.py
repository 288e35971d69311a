"""Kafka with the settings of compose.yaml, and the commands of its services, run as processes, do a task."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose import ROOT, kafka_properties, project
from tests.kafka import jars, or_skip, private_cluster
from tests.kafka.node import Node
from tests.kafka.ports import LOOPBACK, accepts, free_ports
from tests.kafka.readiness import await_brokers
from tests.packages.building import run
from tests.pages import DOCS, commands_of, in_environment
from tests.running import running
from tests.waiting import wait_until

SERVICES = project()["services"]


@pytest.fixture
def kafka_of_the_file(tmp_path: Path) -> Iterator[str]:
    """Its address as the containers know it. Here no host is called `kafka`, and its ports may be taken."""
    or_skip(private_cluster)  # it says what is missing where no broker can run
    ports = dict(zip(("9092", "19092", "29093"), free_ports(3), strict=True))
    properties = json.dumps(kafka_properties(SERVICES["kafka"]["environment"]))
    moved = re.sub(
        r"(?<=:)\d{4,5}\b", lambda port: str(ports[port[0]]), re.sub(r"(?<=[/@])kafka:", f"{LOOPBACK}:", properties)
    )
    node = Node(tmp_path / "kafka", jars.resolve(), json.loads(moved))
    node.format()
    node.start()
    address = f"{LOOPBACK}:{ports['19092']}"
    try:
        await_brokers(address)
        yield address
    finally:
        node.stop()


def test_the_compose_file_leads_to_a_task_done(kafka_of_the_file: str, tmp_path: Path) -> None:
    web_port, health_port = free_ports(2)
    settings = {
        "STILLFRAME_BOOTSTRAP_SERVERS": kafka_of_the_file,
        "STILLFRAME_HEALTH_PORT": str(health_port),
        "PYTHONPATH": str(ROOT),
    }
    commands = {name: in_environment(each["command"]) for name, each in SERVICES.items() if name != "kafka"}
    commands["web"][-1] = str(web_port)
    ask, lag = (command for command in commands_of(DOCS / "compose.md") if command[0] == "curl" or "lag" in command)

    run(commands["topics"], cwd=tmp_path, **settings)
    log = tmp_path / "worker.log"
    with running(commands["worker"], log, **settings), running(commands["web"], tmp_path / "web.log", **settings):
        wait_until(lambda: accepts(web_port), timeout=60, describe="the application to listen")
        task_id = json.loads(run([part.replace("8000", str(web_port)) for part in ask], cwd=tmp_path))["task_id"]
        done = re.compile(f'"msg_id":"{task_id}".*"status":"done"')
        wait_until(lambda: done.search(log.read_text()), timeout=60, describe=f"the end of the task in {log}")
    assert "0 tasks to do" in run(in_environment(lag[lag.index("stillframe") :]), cwd=tmp_path, **settings)
