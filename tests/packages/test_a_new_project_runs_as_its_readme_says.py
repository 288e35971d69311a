"""Who installs the wheels and types what a new project's README says sees its tests pass and its task done."""

import json
import sys
from pathlib import Path

from tests.kafka import Kafka
from tests.kafka.ports import accepts, free_ports
from tests.packages.building import environment, run
from tests.pages import commands_of
from tests.running import running
from tests.waiting import wait_until


def test_a_new_project_runs_as_its_readme_says(
    kafka: Kafka, distributions: Path, topic_name: str, tmp_path: Path
) -> None:
    programs = environment(tmp_path / "tools", sys.executable, distributions, ["stillframe-consumer"])
    # The shared Kafka's topics and groups need names of their own, and these are the project's.
    run([str(programs / "stillframe"), "new", topic_name], cwd=tmp_path)
    project = tmp_path / topic_name

    typed = [command for command in commands_of(project / "README.md") if command[0] == "make"]
    assert typed == [["make", name] for name in ("test", "broker", "topics", "worker", "web", "email")]
    test, _, topics, work, serve, ask = typed

    # Until they are published, ours come from where they were built, and the others as locked.
    packages = {"PIP_FIND_LINKS": str(distributions), "PIP_CONSTRAINT": str(tmp_path / "tools" / "locked.txt")}
    assert "5 passed" in run([*test, f"PYTHON={sys.executable}"], cwd=project, **packages)

    web_port, health_port = free_ports(2)
    settings = [f"STILLFRAME_BOOTSTRAP_SERVERS={kafka.bootstrap_servers}", f"STILLFRAME_HEALTH_PORT={health_port}"]
    (project / ".env").write_text("\n".join([*settings, f"PORT={web_port}", ""]))
    run(topics, cwd=project)
    log = project / "worker.log"
    with running(work, log), running(serve, project / "web.log"):
        wait_until(lambda: accepts(web_port), timeout=60, describe="the application to listen")
        task_id = json.loads(run(ask, cwd=project))["task_id"]
        line = f"to ada@mail.example: Hello ({task_id})"
        wait_until(lambda: line in log.read_text(), timeout=60, describe=f"the worker's line in {log}")
    assert '"worker_stopped"' in log.read_text()
