"""The line between supervisor and worker: what is said on it, and that the worker dies with its supervisor."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from stillframe.consumer import lifeline
from stillframe.consumer.lifeline import LIFELINE, Lifeline
from stillframe.consumer.quarantine.endings import EXIT_KILLED
from tests.waiting import wait_until

LIVE_FOR_EVER = (
    "import threading; from stillframe.consumer.lifeline import Lifeline; Lifeline(); threading.Event().wait()"
)


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The other end; its end must not end the test."""
    opened: list[socket.socket] = []
    monkeypatch.setattr(lifeline, "_die_with", opened.append)
    ours, theirs = socket.socketpair()
    monkeypatch.setenv(LIFELINE, str(theirs.detach()))
    with ours:
        yield ours
    wait_until(lambda: opened, describe="the thread that watches")
    opened[0].close()


def test_limits_and_farewell_are_lines(supervisor: socket.socket) -> None:
    line = Lifeline()
    line.limits(25.0, 60.0)
    line.limits(5, None)
    line.farewell()
    assert supervisor.recv(100) == b"25.0 60.0\n5 0\nfarewell\n"


def test_what_handlers_start_does_not_inherit_it(supervisor: socket.socket) -> None:
    Lifeline()
    assert LIFELINE not in os.environ


def test_a_supervisor_that_has_gone_hears_nothing(supervisor: socket.socket) -> None:
    """The worker is about to be ended; the traceback of a broken pipe would be the last thing in its log."""
    line = Lifeline()
    supervisor.close()
    line.farewell()


def test_without_a_supervisor_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LIFELINE, raising=False)
    Lifeline().limits(1, 2)
    Lifeline().farewell()


def test_the_worker_dies_with_its_supervisor() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        worker = subprocess.Popen(
            [sys.executable, "-c", LIVE_FOR_EVER],
            env=os.environ | {LIFELINE: str(theirs.fileno())},
            pass_fds=[theirs.fileno()],
        )
    with worker:
        ours.close()
        assert worker.wait(30) == EXIT_KILLED
