"""SIGTERM to exit takes the grace period and two seconds at most, and names what has not ended, whatever fails.

The broker is gone, or says nothing; and one worker has nothing to do, one's handler never returns, one's
holds the interpreter lock, and one cannot hand its failed task over.
"""

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from stillframe.consumer.quarantine.endings import EXIT_KILLED
from tests.engine.process import WorkerProcess, worker_process
from tests.engine.running import make_worker
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Cluster
from tests.waiting import wait_until

GRACE = 3.0
BOUND = GRACE + 2.0
#: What four pairs of processes that end at the same time add on a busy machine.
SLACK = 3.0
#: What the one task of each worker does.
KINDS = {"idle": "plain", "stuck": "3600", "deaf": "holds the interpreter lock", "failing": "fails when told"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["gone", "silent"])
def test_a_stop_is_bounded_whatever_fails(own_kafka: Cluster, tmp_path: Path, number: signal.Signals) -> None:
    with ExitStack() as stack:
        workers = {name: stack.enter_context(at_work(own_kafka, name, tmp_path)) for name in KINDS}
        for name, worker in workers.items():
            event = "end" if name == "idle" else "start"
            wait_until(lambda: worker.lines(event), timeout=60, describe=f"the task of {name} to {event}")  # noqa: B023
        for pid in own_kafka.pids:
            os.kill(pid, number)
        (tmp_path / "failing.fail").touch()
        wait_until(lambda: named(workers["failing"], "consume_end"), timeout=30, describe="the task to fail")

        with ThreadPoolExecutor(len(workers)) as pool:
            ended = dict(zip(workers, pool.map(terminated, workers.values()), strict=True))

    assert {name: code for name, (code, _) in ended.items()} == {
        "idle": 0, "stuck": 0, "deaf": EXIT_KILLED, "failing": 0,
    }  # fmt: skip
    assert {name: seconds for name, (_, seconds) in ended.items() if seconds > BOUND + SLACK} == {}
    assert not named(workers["idle"], "grace_over")
    assert unfinished(workers["stuck"], "unfinished") == task_of(workers["stuck"])
    assert unfinished(workers["failing"], "unwritten") == task_of(workers["failing"])
    assert "app.py" in workers["deaf"].log.read_text().partition("(most recent call first)")[2]
    (killed,) = named(workers["deaf"], "worker_killed")
    assert [(each["partition"], each["offset"]) for each in killed["unfinished"]] == task_of(workers["deaf"])


@contextmanager
def at_work(kafka: Cluster, name: str, folder: Path) -> Iterator[WorkerProcess]:
    """A worker process with a topic of its own, on which lies its one task."""
    bootstrap, topic = kafka.bootstrap_servers, f"topic-{name}"
    task_type = work_type(topic)
    create_family(kafka, make_worker(bootstrap, group_of(topic), task_type, lambda work, context: None), partitions=1)
    submit(bootstrap, task_type, [Work(number=1, key="k", kind=KINDS[name])])
    with worker_process(bootstrap, topic, folder / name, STILLFRAME_GRACE=str(GRACE)) as worker:
        yield worker


def terminated(worker: WorkerProcess) -> tuple[int, float]:
    """Its exit code, and the seconds that it took."""
    begun = time.monotonic()
    return worker.terminate(60), time.monotonic() - begun


def named(worker: WorkerProcess, event: str) -> list[dict[str, Any]]:
    """The log lines of an event."""
    lines = [line for line in worker.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in map(json.loads, lines) if line["event"] == event]


def unfinished(worker: WorkerProcess, what: str) -> list[tuple[int, int]]:
    """Partition and offset of what the log names."""
    (line,) = named(worker, "grace_over")
    return [(each["partition"], each["offset"]) for each in line[what]]


def task_of(worker: WorkerProcess) -> list[tuple[int, int]]:
    return [(line["partition"], line["offset"]) for line in worker.lines("start")]
