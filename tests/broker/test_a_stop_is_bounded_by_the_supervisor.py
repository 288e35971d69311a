"""No handler can hold a stop up beyond a second after the grace period; its task is delivered again (I1)."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stillframe.consumer.deadlines import KILLED
from stillframe.consumer.quarantine.endings import EXIT_KILLED
from tests.engine.process import WorkerProcess, worker_process
from tests.engine.running import make_worker
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

GRACE = 2.0
#: What starting and ending processes may add on a busy machine.
SLACK = 4.0

SLEEPS = "3600"
HOLDS_THE_LOCK = "holds the interpreter lock"


@pytest.fixture
def stuck(request: pytest.FixtureRequest, kafka: Kafka, topic_name: str, tmp_path: Path) -> Iterator[WorkerProcess]:
    """A worker process whose handler does not come back."""
    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic_name)
    create_family(
        kafka,
        make_worker(bootstrap, group_of(topic_name), task_type, lambda work, context: None),
        partitions=1,
    )
    submit(bootstrap, task_type, [Work(number=1, key="k", kind=getattr(request, "param", SLEEPS))])
    with worker_process(bootstrap, topic_name, tmp_path / "first", STILLFRAME_GRACE=str(GRACE)) as process:
        wait_until(lambda: process.lines("start"), timeout=60, describe="the handler to start")
        yield process


def test_what_does_not_end_in_the_grace_period_is_named(stuck: WorkerProcess) -> None:
    started = time.monotonic()
    assert stuck.terminate() == 0
    assert GRACE <= time.monotonic() - started <= GRACE + KILLED + SLACK
    (stopped,) = [line for line in stuck.log.read_text().splitlines() if "worker_stopped" in line]
    assert str(stuck.lines("start")[0]["task_id"]) in stopped


@pytest.mark.parametrize("stuck", [HOLDS_THE_LOCK], indirect=True)
def test_a_worker_that_cannot_even_hear_is_killed(stuck: WorkerProcess) -> None:
    started = time.monotonic()
    assert stuck.terminate() == EXIT_KILLED
    assert GRACE <= time.monotonic() - started <= GRACE + KILLED + SLACK


def test_a_second_signal_ends_it_at_once(stuck: WorkerProcess) -> None:
    stuck.process.send_signal(signal.SIGINT)
    wait_until(lambda: "draining" in stuck.log.read_text(), describe="the worker to drain")
    started = time.monotonic()
    assert stuck.terminate() == EXIT_KILLED
    assert time.monotonic() - started < GRACE


def test_a_killed_supervisor_takes_its_worker_along(stuck: WorkerProcess) -> None:
    (worker,) = stuck.children()
    stuck.process.kill()
    wait_until(lambda: not Path(f"/proc/{worker}").exists(), describe="the worker to end with its supervisor")


def test_the_task_is_delivered_again(stuck: WorkerProcess, kafka: Kafka, topic_name: str, tmp_path: Path) -> None:
    stuck.terminate()
    with worker_process(kafka.bootstrap_servers, topic_name, tmp_path / "second") as second:
        wait_until(lambda: second.lines("start"), timeout=60, describe="the task to be delivered again")
        assert second.lines("start")[0]["task_id"] == stuck.lines("start")[0]["task_id"]
