"""The workers of a chaos run: when one has ended is told as it was, however late somebody asks."""

import os
import signal
import sys
import time
from pathlib import Path

import psutil

from tests.chaos.fleet import Fleet
from tests.waiting import wait_until


def test_an_exit_is_timed_when_it_happens(tmp_path: Path) -> None:
    """With its code; a slot is empty once it was told."""
    brief = [sys.executable, "-c", "import os; print(os.getpid(), flush=True); raise SystemExit(3)"]
    with Fleet(brief, lambda *_: dict(os.environ), tmp_path) as fleet:
        began, name = time.monotonic(), fleet.start(0)
        told = wait_until((tmp_path / f"{name}.log").read_text, describe="its process id")
        wait_until(lambda: not psutil.pid_exists(int(told)), describe="its end")
        by = time.monotonic()
        wait_until(lambda: time.monotonic() > by + 1, describe="somebody to ask late")
        ((slot, who, code, at),) = fleet.ended()
        assert (slot, who, code) == (0, name, 3)
        assert began < at < by + 0.9
        assert fleet.ended() == []
        assert fleet.slots() == []


def test_who_runs_has_not_ended(tmp_path: Path) -> None:
    """And by which signal one has ended is told."""
    sleeper = [sys.executable, "-c", "import signal; signal.pause()"]
    with Fleet(sleeper, lambda *_: dict(os.environ), tmp_path) as fleet:
        fleet.start(0)
        assert fleet.ended() == []
        fleet.terminate(0)
        ((_, _, code, _),) = wait_until(fleet.ended, describe="its end")
        assert code == -signal.SIGTERM
