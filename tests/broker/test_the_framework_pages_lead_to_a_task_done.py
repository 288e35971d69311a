"""Whoever types what the page of a web framework says, in its order, sees the task done."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.kafka import Kafka
from tests.kafka.ports import accepts, free_ports
from tests.packages.building import run
from tests.pages import DOCS, commands_of, in_environment, set_up
from tests.running import running
from tests.waiting import wait_until

#: The port that the pages take for the application.
PORT = "8000"


@pytest.mark.parametrize("page", ["fastapi.md", "flask.md", "django.md"])
def test_the_framework_pages_lead_to_a_task_done(kafka: Kafka, topic_name: str, tmp_path: Path, page: str) -> None:
    set_up(DOCS / page, tmp_path, tasks=topic_name, worker=topic_name)
    *_, broker, export, topics, work, serve, ask = commands_of(DOCS / page)
    assert (broker, export[0]) == (["stillframe", "broker"], "export")

    web_port, health_port = free_ports(2)
    settings = {
        "STILLFRAME_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "STILLFRAME_HEALTH_PORT": str(health_port),
        "PYTHONUNBUFFERED": "1",
    }
    said = tmp_path / "worker.log"
    run(in_environment(topics), cwd=tmp_path, **settings)
    server = in_environment(on(serve, web_port))
    with running(in_environment(work), said, **settings), running(server, tmp_path / "web.log", **settings):
        wait_until(lambda: accepts(web_port), timeout=60, describe="the application to listen")
        answer = subprocess.run(on(ask, web_port), check=True, capture_output=True, timeout=60)
        assert json.loads(answer.stdout).keys() == {"task_id"}
        line = "to ada@mail.example: Hello, asked for at /emails"
        wait_until(lambda: line in said.read_text(), timeout=60, describe=f"the worker's line in {said}")


def on(command: list[str], port: int) -> list[str]:
    return [part.replace(PORT, str(port)) for part in command]
