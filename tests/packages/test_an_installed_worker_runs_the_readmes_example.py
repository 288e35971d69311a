"""Installed from the wheels into an environment of its own, under each Python that they name, the README's example
takes a request and does its task."""

from pathlib import Path

import httpx
import pytest

from tests.kafka import Kafka
from tests.kafka.ports import accepts, free_ports
from tests.packages.building import PYTHONS, ROOT, environment, python, run
from tests.pages import files_of, write_files
from tests.running import running
from tests.waiting import wait_until

#: What the README tells to install, and the server that it starts.
WANTED = ("stillframe-consumer", "stillframe-producer[fastapi]", "uvicorn")


@pytest.mark.parametrize("version", PYTHONS)
def test_an_installed_worker_runs_the_readmes_example(
    kafka: Kafka, distributions: Path, topic_name: str, tmp_path: Path, version: str
) -> None:
    interpreter = python(version)
    if interpreter is None:
        pytest.skip(f"there is no Python {version}")
    programs = environment(tmp_path / "venv", interpreter, distributions, WANTED)
    project = tmp_path / "project"
    project.mkdir()
    files = files_of(ROOT / "README.md")
    assert sorted(files) == ["tasks.py", "web.py", "worker.py"]
    files["tasks.py"] = files["tasks.py"].replace('"emails"', f'"{topic_name}"')
    files["worker.py"] = files["worker.py"].replace('"mailer"', f'"{topic_name}"')
    write_files(files, project)

    web_port, health_port = free_ports(2)
    settings = {
        "STILLFRAME_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "STILLFRAME_HEALTH_PORT": str(health_port),
    }
    stillframe = str(programs / "stillframe")
    run([stillframe, "topics", "apply", "worker:worker"], cwd=project, **settings)
    log = project / "worker.log"
    server = [str(programs / "uvicorn"), "web:app", "--port", str(web_port)]
    with (
        running([stillframe, "worker", "worker:worker"], log, **settings),
        running(server, project / "web.log", **settings),
    ):
        wait_until(lambda: accepts(web_port), timeout=60, describe="uvicorn to listen")
        email = {"to": "ada@example.com", "subject": "hello"}
        answer = httpx.post(f"http://127.0.0.1:{web_port}/emails", json=email, trust_env=False)
        assert answer.status_code == 202, answer.text
        done = f'"msg_id":"{answer.json()["task_id"]}"'

        def is_done() -> bool:
            lines = log.read_text().splitlines()
            return any(done in line and '"consume_end"' in line and '"status":"done"' in line for line in lines)

        wait_until(is_done, timeout=60, describe=f"the task to be done; see {log}")
