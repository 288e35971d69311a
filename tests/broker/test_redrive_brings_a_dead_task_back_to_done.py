"""An operator redrives a dead letter with the CLI, and the worker, mended meanwhile, brings it to done."""

import json
import subprocess
import sys
from pathlib import Path

from stillframe.consumer import PermanentError, TaskContext
from tests.engine.journal import Journal
from tests.engine.looking import await_commits, log_ends
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until


def test_redrive_brings_a_dead_task_back_to_done(kafka: Kafka, topic_name: str) -> None:
    journal = Journal()
    mended: list[bool] = []

    def handle(work: Work, context: TaskContext) -> None:
        if not mended:
            raise PermanentError("the mail server is misconfigured")

    bootstrap, group, task_type = kafka.bootstrap_servers, group_of(topic_name), work_type(topic_name)
    worker = make_worker(bootstrap, group, task_type, handle, middleware=[journal.middleware()])
    create_family(kafka, worker)
    (task_id,) = submit(bootstrap, task_type, [Work(number=1, key="k")])

    with running(worker):
        dead_letters = f"{topic_name}.{group}.dlq"
        wait_until(lambda: sum(log_ends(bootstrap, dead_letters)) == 1, timeout=30, describe="the dead letter")
        mended.append(True)
        assert stillframe("dlq", "redrive", task_id, "--group", group, bootstrap=bootstrap)["redriven"] == 1
        wait_until(lambda: journal.done == {task_id}, timeout=30, describe="the redriven task to be done")
        await_commits(bootstrap, group, f"{topic_name}.{group}.retry.1m")

    assert [entry.attempt for entry in journal.entries] == [1, 1]  # attempts count from 1 again
    assert journal.entries[-1].key == b"k"


def stillframe(*arguments: str, bootstrap: str) -> dict[str, object]:
    """What a command prints as JSON."""
    command = [
        str(Path(sys.executable).with_name("stillframe")),
        *arguments,
        "--bootstrap-servers",
        bootstrap,
        "--json",
    ]
    found: dict[str, object] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found
