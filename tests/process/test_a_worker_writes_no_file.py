"""Supervisor, worker and handler processes open no file for writing: they run where the file system is read only."""

import signal
from pathlib import Path

from stillframe.consumer.operate.broker import EmbeddedBroker
from stillframe.schemas import TaskType
from stillframe.schemas.topics import TopicFamily
from tests.cli import started, stillframe
from tests.producing import Email, email_type, open_producer
from tests.waiting import wait_until

#: Python imports it in every process that finds it; it tells of all that is opened through Python.
LOOKOUT = """
import os, sys

WRITES = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT

def look(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and arguments[2] & WRITES and arguments[0] != os.devnull:
        os.write(2, f"wrote {arguments[0]}\\n".encode())
    elif event in {"os.mkdir", "os.rename", "os.remove"}:
        os.write(2, f"wrote {arguments[0]}\\n".encode())

os.write(2, b"looking out\\n")
sys.addaudithook(look)
"""
ARCHIVE = TaskType("archive", Email, topic="emails")
WORKER = """
from stillframe.consumer import Worker
from stillframe.schemas import TaskType
from tests.producing import Email, email_type

worker = Worker("mailer")

@worker.task(email_type())
def deliver(email: Email) -> None:
    print("in a thread", flush=True)

@worker.task(TaskType("archive", Email, topic="emails"), executor="process")
def archive(email: Email) -> None:
    print("in a process", flush=True)
    if email.to == "a writer":
        open("proof", "w").close()
"""


def test_a_worker_writes_no_file(tmp_path: Path) -> None:
    """From its start to its end, with a task in a thread and one in a process; what a handler writes is seen."""
    (tmp_path / "sitecustomize.py").write_text(LOOKOUT)
    (tmp_path / "app.py").write_text(WORKER)
    log = tmp_path / "log"
    environment = {
        "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}",
        "PYTHONDONTWRITEBYTECODE": "1",  # Python does without, where it cannot write that
        "STILLFRAME_HEALTH_PORT": "0",
    }
    with EmbeddedBroker() as broker:
        environment["STILLFRAME_BOOTSTRAP_SERVERS"] = broker.bootstrap_servers
        made = stillframe("topics", "apply", "app:worker", "--json", cwd=tmp_path, **environment)
        assert [each["topic"] for each in made.json["made"]] == list(TopicFamily("emails", "mailer").names)
        with started("worker", "app:worker", cwd=tmp_path, log=log, **environment) as worker:
            with open_producer(broker.bootstrap_servers) as producer:
                producer.submit(email_type(), Email())
                for to in ("a reader", "a writer"):
                    producer.submit(ARCHIVE, Email(to=to))
            wait_until(lambda: log.read_text().count("in a process") == 2, timeout=60, describe="the tasks to run")
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0
    told = log.read_text().splitlines()
    assert told.count("looking out") >= 3  # supervisor, worker, handler process
    assert "in a thread" in told
    assert [line for line in told if line.startswith("wrote ")] == ["wrote proof"]
