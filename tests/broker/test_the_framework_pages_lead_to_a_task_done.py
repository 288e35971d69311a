"""Whoever types what the page of a web framework says, in its order, sees the task done."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kafka import Kafka
from tests.kafka.ports import accepts, free_ports
from tests.pages import DOCS, commands_of, in_environment, set_up
from tests.waiting import wait_until

#: The port that the pages take for the application.
PORT = "8000"


@pytest.mark.parametrize("page", ["fastapi.md", "flask.md", "django.md"])
def test_the_framework_pages_lead_to_a_task_done(kafka: Kafka, topic_name: str, tmp_path: Path, page: str) -> None:
    set_up(DOCS / page, tmp_path, tasks=topic_name, worker=topic_name)
    *_, broker, export, topics, work, serve, ask = commands_of(DOCS / page)
    assert (broker, export[0]) == (["stillframe", "broker"], "export")

    web_port, health_port = free_ports(2)
    environment = {
        **os.environ,
        "STILLFRAME_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "STILLFRAME_HEALTH_PORT": str(health_port),
        "PYTHONUNBUFFERED": "1",
    }
    subprocess.run(in_environment(topics), cwd=tmp_path, env=environment, check=True, timeout=60)
    with running(work, tmp_path, environment) as said, running(on(serve, web_port), tmp_path, environment):
        wait_until(lambda: accepts(web_port), timeout=60, describe="the application to listen")
        answer = subprocess.run(on(ask, web_port), check=True, capture_output=True, timeout=60)
        assert json.loads(answer.stdout).keys() == {"task_id"}
        line = "to ada@mail.example: Hello, asked for at /emails"
        wait_until(lambda: line in said.read_text(), timeout=60, describe=f"the worker's line in {said}")


def on(command: list[str], port: int) -> list[str]:
    return [part.replace(PORT, str(port)) for part in command]


@contextmanager
def running(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[Path]:
    """The command runs; yields where its output goes."""
    said = folder / f"{command[0]}.log"
    with said.open("wb") as output:
        process = subprocess.Popen(in_environment(command), cwd=folder, env=environment, stdout=output, stderr=output)
    try:
        yield said
    finally:
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            raise
