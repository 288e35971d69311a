"""Run `stillframe worker` as a process of its own, with a journal that survives its death."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.work import group_of
from tests.waiting import wait_until

APP = "tests.engine.app:worker"
ROOT = Path(__file__).parents[2]


@dataclass
class WorkerProcess:
    """A supervisor with its worker; the journal holds one JSON object a line."""

    process: subprocess.Popen[bytes]
    journal: Path

    def lines(self, *events: str) -> list[dict[str, Any]]:
        """What the worker has written down so far: `start`, `end`, `assigned` or `handed off`."""
        if not self.journal.exists():
            return []
        complete = self.journal.read_bytes().rpartition(b"\n")[0].splitlines()
        return [line for line in map(json.loads, complete) if line["event"] in events]

    def await_assignment(self) -> None:
        wait_until(lambda: self.lines("assigned"), timeout=30, describe="the worker to get its partitions")

    def kill(self) -> None:
        """Kill -9 the supervisor and the worker, as a node that fails would."""
        for pid in (self.process.pid, *self.children()):
            os.kill(pid, signal.SIGKILL)
        self.process.wait(10)

    def children(self) -> list[int]:
        """The worker under the supervisor."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    @property
    def log(self) -> Path:
        """What the process has printed."""
        return self.journal.with_suffix(".log")

    def terminate(self, timeout: float = 30) -> int:
        """SIGTERM, as Kubernetes sends it; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)


@contextmanager
def worker_process(
    bootstrap_servers: str,
    topic: str,
    journal: Path,
    *,
    app: str = APP,
    wrapper: Sequence[str] = (),
    **environment: str,
) -> Iterator[WorkerProcess]:
    """A running worker process of `tests.engine.app` or another; it is killed at the end if it still runs.

    `wrapper` is a command that ends by becoming the one that it is given.
    """
    variables = {
        "STILLFRAME_BOOTSTRAP_SERVERS": bootstrap_servers,
        "STILLFRAME_HEALTH_PORT": "0",
        "STILLFRAME_KAFKA": json.dumps({"session.timeout.ms": 6_000, "heartbeat.interval.ms": 500}),
        "APP_TOPIC": topic,
        "APP_GROUP": group_of(topic),
        "APP_JOURNAL": str(journal),
    }
    with journal.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen(
            [*wrapper, str(Path(sys.executable).with_name("stillframe")), "worker", app],
            cwd=ROOT,
            env=os.environ | variables | environment,
            stdout=log,
            stderr=log,
        )
    worker = WorkerProcess(process, journal)
    try:
        yield worker
    finally:
        if process.poll() is None:
            worker.kill()
