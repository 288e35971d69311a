"""`stillframe worker` hears a signal before it imports anything large: told to stop, it exits with 0.

What is left is the interpreter's own start: until its first line runs nobody can listen, and a process
that is told to stop then dies of SIGTERM (143), with nothing begun.
"""

import signal
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from tests.cli import started
from tests.waiting import wait_until

#: Parts of the worker with libraries of their own in C, so that they can be seen from outside.
LARGE = ("pydantic_core", "confluent_kafka", "orjson")
SLOW_TO_IMPORT = """
import pathlib, threading
pathlib.Path("importing").touch()
threading.Event().wait(60)
"""


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Popen[str]]:
    (tmp_path / "slow.py").write_text(SLOW_TO_IMPORT)
    with started("worker", "slow:worker", cwd=tmp_path) as process:
        yield process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_heard_from_the_first_lines_on(worker: Popen[str], number: signal.Signals) -> None:
    wait_until(lambda: listens(worker.pid), timeout=30, describe="it to listen", every=0.001)
    assert [part for part in LARGE if part in Path(f"/proc/{worker.pid}/maps").read_text()] == []
    worker.send_signal(number)
    assert worker.wait(30) == 0


def test_a_stop_as_soon_as_there_is_a_child(worker: Popen[str]) -> None:
    """The child dies of it, perhaps before its own first line: it has begun nothing."""
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
    wait_until(children.read_text, timeout=30, describe="the supervisor to start the worker", every=0.001)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0


def test_a_stop_while_the_worker_is_imported(worker: Popen[str], tmp_path: Path) -> None:
    wait_until((tmp_path / "importing").exists, timeout=30, describe="the import to begin")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0


def listens(pid: int) -> bool:
    """Whether SIGTERM is caught, or kept until it is. (Of SIGINT Python makes an exception from its start.)"""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return any(int(status[mask], 16) >> (signal.SIGTERM - 1) & 1 for mask in ("SigCgt", "SigBlk"))
