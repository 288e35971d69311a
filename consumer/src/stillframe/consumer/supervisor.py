"""``stillframe worker``: a small supervisor, and the worker as its child process.

The supervisor owns the deadline of a stop. It has to be another process: C code that holds the
interpreter lock delays every Python signal handler in its own, and a commit to a dead broker has
been measured to block for 45 s. It touches no Kafka and imports none of the user's code.

How a stop goes: SIGTERM or SIGINT reaches the supervisor, which passes SIGTERM on. The child turns
unready, starts no new task, drains up to its grace period, commits, leaves the group and exits 0.
One second after the grace period the child is killed; a second signal kills it at once. Neither
loses anything: what was not committed is delivered again.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: The child was killed: its grace period was over, or a second signal came.
EXIT_KILLED: Final = 5
#: Seconds that the child gets beyond its grace period.
BEYOND_GRACE: Final = 1.0
DEFAULT_GRACE: Final = 25.0
LIFELINE: Final = "STILLFRAME_SUPERVISOR_FD"


def supervise(target: str) -> int:
    """Run the worker ``module:attribute`` in a child process; returns the exit code for this one.

    The child's own code; 128 + N if it died of signal N by itself; ``EXIT_KILLED`` if it was killed here.
    """
    ours, theirs = socket.socketpair()
    with ours, _signals() as wakeup:
        with theirs:
            child = subprocess.Popen(  # noqa: S603 - this interpreter, this package
                [sys.executable, "-m", "stillframe.consumer.child", target],
                env=os.environ | {LIFELINE: str(theirs.fileno())},
                pass_fds=[theirs.fileno()],
                # A session of its own: Ctrl-C in a terminal must reach the supervisor alone.
                start_new_session=True,
            )
        return _Supervision(child, ours, wakeup).run()


class _Supervision:
    """Waits for signals, for the child's word on its grace period, and for its end."""

    def __init__(self, child: subprocess.Popen[bytes], lifeline: socket.socket, wakeup: socket.socket) -> None:
        self._child = child
        self._lifeline = lifeline
        self._wakeup = wakeup
        self._grace = DEFAULT_GRACE
        self._deadline: float | None = None
        self._killed = False

    def run(self) -> int:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakeup, selectors.EVENT_READ, self._on_signal)
            selector.register(self._lifeline, selectors.EVENT_READ, self._on_word)
            while self._child.poll() is None:
                self._wait(selector)
                self._enforce_deadline()
        code = self._child.returncode
        if self._killed:
            return EXIT_KILLED
        if code == -signal.SIGTERM and self._deadline is not None:
            return 0  # told to stop before it could listen: it was still being imported, and had begun nothing
        return code if code >= 0 else 128 - code

    def _wait(self, selector: selectors.BaseSelector) -> None:
        for key, _ in selector.select(self._patience()):
            if not key.data():
                selector.unregister(key.fileobj)

    def _patience(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _on_signal(self) -> bool:
        for number in self._wakeup.recv(64):
            if number in {signal.SIGTERM, signal.SIGINT}:
                self._stop()
        return True

    def _on_word(self) -> bool:
        """The child says how long its grace period is; an end of file only says that it ends."""
        word = self._lifeline.recv(64)
        if word:
            self._grace = float(word)
        return bool(word)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._kill()
            return
        self._deadline = time.monotonic() + self._grace + BEYOND_GRACE
        self._child.send_signal(signal.SIGTERM)

    def _enforce_deadline(self) -> None:
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self._kill()

    def _kill(self) -> None:
        self._killed = True
        self._child.kill()
        self._child.wait()


@contextmanager
def _signals() -> Iterator[socket.socket]:
    """A socket that becomes readable with each signal, so that waiting needs no polling."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)  # noqa: FBT003
    writer.setblocking(False)  # noqa: FBT003
    before = {number: signal.signal(number, _noted) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)}
    earlier = signal.set_wakeup_fd(writer.fileno())
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(earlier)
        for number, handler in before.items():
            signal.signal(number, handler)
        reader.close()
        writer.close()


def _noted(_number: int, _frame: object) -> None:
    """The wake-up socket tells the rest."""


def attach(grace: float) -> None:
    """In the child: tell the supervisor the grace period, and die with it.

    Without this a supervisor that is killed would leave a worker behind that nobody can stop.
    """
    descriptor = os.environ.pop(LIFELINE, None)
    if descriptor is None:
        return
    lifeline = socket.socket(fileno=int(descriptor))
    lifeline.sendall(str(grace).encode())
    threading.Thread(target=_die_with, args=(lifeline,), name="stillframe-lifeline", daemon=True).start()


def _die_with(lifeline: socket.socket) -> None:
    while lifeline.recv(64):
        pass
    os._exit(EXIT_KILLED)
