"""`stillframe explain` names the task that commits wait for, whose it is, and in which thread it runs (I9)."""

import json
from pathlib import Path
from typing import Any

from tests.cli import stillframe
from tests.engine.process import WorkerProcess, worker_process
from tests.engine.running import make_worker
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until


def test_explain_names_the_task_that_commits_wait_for(kafka: Kafka, topic_name: str, tmp_path: Path) -> None:
    task_type, group = work_type(topic_name), group_of(topic_name)
    create_family(kafka, make_worker(kafka.bootstrap_servers, group, task_type, lambda work, context: None), 1)
    works = [Work(number=n, key=str(n), kind="3600" if n == 0 else "plain") for n in range(10)]
    stuck, *_ = submit(kafka.bootstrap_servers, task_type, works)

    def explain(*arguments: str) -> dict[str, Any]:
        ran = stillframe(
            "explain", "-g", group, "--json", *arguments, STILLFRAME_BOOTSTRAP_SERVERS=kafka.bootstrap_servers
        )
        (family,) = ran.json["families"]
        return {"members": family["members"], **family["partitions"][0]}

    with worker_process(kafka.bootstrap_servers, topic_name, tmp_path / "journal", STILLFRAME_GRACE="0.5") as worker:
        wait_until(lambda: len(worker.lines("end")) == 9, timeout=60, describe="all but the stuck one to end")
        wait_until(lambda: explain()["done"] == 9, timeout=60, describe="the commit of the nine")
        told = explain()
        assert told["why"].startswith(f"offset 0 (work {stuck}) has no outcome yet, written ")
        assert told["why"].endswith("; 10 offsets are not committed, 9 of them done")
        assert "127.0.0.1" in told["owner"]
        inside = explain("--worker", _health_port(worker))["why"]
        assert inside.startswith(f"offset 0 (work {stuck}) has been running for ")
        assert "in stillframe-handler-" in inside
        assert worker.terminate() == 0

    told = explain()
    assert (told["members"], told["owner"]) == (0, None)
    assert told["why"] == "10 offsets are not committed, 9 of them done, and no worker of the group runs"


def _health_port(worker: WorkerProcess) -> str:
    lines = worker.log.read_text().splitlines()
    return next(str(json.loads(line)["address"]) for line in lines if '"health_served"' in line)
