"""SIGUSR1 tells where every thread is, from the start of the import on, and ends nothing."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from stillframe.schemas.topics import TopicFamily
from tests.cli import started, write_worker
from tests.process.test_a_stop_is_heard_from_the_first_lines_on import SLOW_TO_IMPORT, listens
from tests.waiting import wait_until

NOBODY = {"STILLFRAME_BOOTSTRAP_SERVERS": "127.0.0.1:1", "STILLFRAME_HEALTH_PORT": "0"}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def importing(tmp_path: Path, log: Path) -> Iterator[Popen[str]]:
    (tmp_path / "slow.py").write_text(SLOW_TO_IMPORT)
    with started("worker", "slow:worker", cwd=tmp_path, log=log) as process:
        yield process


def test_a_signal_shows_where_an_import_hangs(importing: Popen[str], log: Path, tmp_path: Path) -> None:
    wait_until((tmp_path / "importing").exists, timeout=60, describe="the import to begin")
    importing.send_signal(signal.SIGUSR1)
    wait_until(lambda: 'slow.py", line 4 in <module>' in log.read_text(), timeout=30, describe="the stacks")
    importing.send_signal(signal.SIGTERM)
    assert importing.wait(30) == 0


def test_a_signal_as_early_as_can_be_ends_nothing(importing: Popen[str], log: Path, tmp_path: Path) -> None:
    """It comes before the worker process can answer, or there even is one: it waits until that can."""
    wait_until(lambda: listens(importing.pid), timeout=30, describe="the supervisor to listen", every=0.001)
    wait_until(lambda: _children(importing.pid), timeout=30, describe="the worker process", every=0.001)
    importing.send_signal(signal.SIGUSR1)
    wait_until(lambda: "(most recent call first)" in log.read_text(), timeout=60, describe="the stacks")
    wait_until((tmp_path / "importing").exists, timeout=60, describe="the import to go on")


def test_a_signal_shows_what_the_main_thread_waits_for(tmp_path: Path, log: Path) -> None:
    """With the names of the threads, in lines like all others."""
    target = write_worker(tmp_path, TopicFamily("emails", "mailer"))
    with started("worker", target, cwd=tmp_path, log=log, **NOBODY) as process:
        wait_until(lambda: "waiting up to 30 s" in log.read_text(), timeout=60, describe="the worker to wait")
        process.send_signal(signal.SIGUSR1)
        lines = wait_until(lambda: _threads(log), timeout=30, describe="the threads")
    assert any("admission.py" in place for place in lines["MainThread"])
    assert any("signals.py" in place for place in lines["stillframe-signals"])


def _threads(log: Path) -> dict[str, list[str]]:
    """The stack of each thread, once both of interest are told."""
    told = [json.loads(line) for line in log.read_text().splitlines(keepends=True) if line.endswith("}\n")]
    stacks = {line["thread"]: line["stack"] for line in told if line["event"] == "where_thread"}
    return stacks if {"MainThread", "stillframe-signals"} <= stacks.keys() else {}


def _children(pid: int) -> str:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text()
