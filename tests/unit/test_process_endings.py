"""Which ends of a worker process count as a crash of one of its tasks, and what the supervisor exits with."""

import signal

import pytest

from stillframe.consumer.errors import CrashedHandler
from stillframe.consumer.operate import failure
from stillframe.consumer.quarantine.endings import (
    EXIT_CRASHED,
    EXIT_KILLED,
    MOST_RESTARTS,
    RESTARTS_WITHIN,
    Ending,
    Restarts,
)


@pytest.mark.parametrize(
    ("ending", "exit_code"),
    [
        (Ending(0), EXIT_CRASHED),
        (Ending(3), EXIT_CRASHED),
        (Ending(0, asked=True), EXIT_CRASHED),
        (Ending(-signal.SIGSEGV), 139),
        (Ending(-signal.SIGABRT), 134),
        (Ending(-63), 191),
        (Ending(-signal.SIGKILL, out_of_memory=True), 137),
        (Ending(-signal.SIGKILL, hung=True), 137),
        (Ending(EXIT_CRASHED, farewell=True), EXIT_CRASHED),
    ],
)
def test_a_crash(ending: Ending, exit_code: int) -> None:
    """An exit without a farewell, a signal of one's own making, a memory kill, a hang, a handler that asks for it."""
    assert ending.crash
    assert ending.exit_code == exit_code


@pytest.mark.parametrize(
    ("ending", "exit_code"),
    [
        (Ending(0, farewell=True), 0),
        (Ending(1, farewell=True), 1),
        (Ending(3, farewell=True), 3),
        (Ending(-signal.SIGSEGV, farewell=True), 139),
        (Ending(-signal.SIGKILL), 137),
        (Ending(-signal.SIGTERM), 143),
        (Ending(-signal.SIGTERM, asked=True), 0),
        (Ending(-signal.SIGINT), 130),
        (Ending(-signal.SIGKILL, killed=True), EXIT_KILLED),
        (Ending(-signal.SIGKILL, killed=True, out_of_memory=True), EXIT_KILLED),
    ],
)
def test_no_crash(ending: Ending, exit_code: int) -> None:
    """An exit in order, a signal that others send, a stop during the import, a kill at the deadline."""
    assert ending.crash is None
    assert ending.exit_code == exit_code


def test_restarts_are_bounded_in_a_window_of_time() -> None:
    restarts = Restarts()
    assert all(restarts.allow(now) for now in range(MOST_RESTARTS))
    assert not restarts.allow(MOST_RESTARTS)
    assert restarts.allow(RESTARTS_WITHIN)
    assert not restarts.allow(RESTARTS_WITHIN)


def test_one_exit_code_has_one_meaning() -> None:
    assert CrashedHandler.exit_code == failure.CRASHED == EXIT_CRASHED
    assert failure.KILLED == EXIT_KILLED
