"""What a web service in Go submits by the specification runs in the Python worker, with its request; a key goes to
the partition where the Python producer puts it, and in order; no credential that a client sends gets into the topic
(I10)."""

import os
import signal
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from stillframe.consumer import TaskContext, Worker, WorkerSettings
from tests.credentials import CANARY, sent_in_every_spelling
from tests.engine.looking import read_all
from tests.engine.running import SHORT_SESSION, running
from tests.engine.topics import create_family
from tests.golang import go
from tests.kafka import Kafka
from tests.kafka.ports import accepts, free_ports
from tests.producing import Email, email_type, open_producer
from tests.waiting import wait_until

PARTITIONS = 7
KEYS = [f"{name}@mail.example" for name in ("ada", "Ådé", "grace", "日本", "😀")] + list("abcdefghijk")
ROUNDS = 4


@contextmanager
def serving(folder: Path, bootstrap_servers: str, topic: str) -> Iterator[str]:
    """The service at an address; told to stop, it ends in good order."""
    binary, log = folder / "gin-producer", folder / "go.log"
    go("build", "-o", str(binary), ".")
    (port,) = free_ports(1)
    given = {"ADDRESS": f"127.0.0.1:{port}", "STILLFRAME_BOOTSTRAP_SERVERS": bootstrap_servers, "TOPIC": topic}
    with log.open("wb") as output:
        process = subprocess.Popen([binary], env={**os.environ, **given}, stdout=output, stderr=output)
    try:
        wait_until(lambda: accepts(port), timeout=30, describe=f"the service to listen; see {log}")
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()
        assert CANARY not in log.read_text()
    finally:
        process.kill()
        process.wait(10)


def test_tasks_of_a_producer_in_go_run_where_pythons_do(kafka: Kafka, topic_name: str, tmp_path: Path) -> None:
    bootstrap = kafka.bootstrap_servers
    worker = Worker("g", WorkerSettings(bootstrap_servers=bootstrap, health_port=None, kafka=SHORT_SESSION))
    ran: dict[str, tuple[Email, TaskContext]] = {}

    @worker.task(email_type(topic_name))
    def deliver(email: Email, context: TaskContext) -> None:
        ran[context.task_id] = (email, context)

    create_family(kafka, worker, PARTITIONS)
    with serving(tmp_path, bootstrap, topic_name) as address:
        accepted = [ask(address, key, number) for number in range(ROUNDS) for key in KEYS]
    with running(worker):
        wait_until(lambda: ran.keys() >= set(accepted), timeout=30, describe="the tasks of the service")
    assert ran.keys() == set(accepted)

    with open_producer(bootstrap) as producer:
        python = {key: producer.submit(email_type(topic_name), Email(to=key)).partition for key in KEYS}
    assert {email.to: context.delivery.partition for email, context in ran.values()} == python
    assert len(set(python.values())) > PARTITIONS / 2

    order = defaultdict(list)
    for task_id in ran:  # as they were run
        order[ran[task_id][0].to].append(task_id)
    assert order == {key: accepted[number :: len(KEYS)] for number, key in enumerate(KEYS)}

    _, context = ran[accepted[0]]
    assert context.snapshot is not None
    assert (context.snapshot.route, dict(context.snapshot.path_params)) == ("/shops/{shop}/emails", {"shop": "7"})
    assert context.snapshot.query.pairs == (("page", "0"),)
    assert context.snapshot.headers["user-agent"] == "test"
    for record in read_all(bootstrap, topic_name):
        assert CANARY not in f"{record.key!r} {record.value!r} {record.headers!r}"


def ask(address: str, key: str, number: int) -> str:
    """Submit, with every credential there is; returns the task's id."""
    headers = [("User-Agent", "test"), *sent_in_every_spelling()] if number == 0 else []
    answer = httpx.post(
        f"{address}/shops/7/emails?page={number}&api_key={CANARY}",
        json={"to": key, "subject": "Hello"},
        headers=headers,
        trust_env=False,
    )
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    task_id: str = answer.json()["task_id"]
    return task_id
