"""Signals to a worker's own process, heard by a thread that nothing holds up.

Python runs a signal's handler in the main thread, once that gets to run Python code: not while it waits
inside librdkafka, and perhaps in the middle of a lock. So what matters happens in a thread of its own:
the signal itself, in C, writes a byte into a socket, which wakes it. Only C code that holds the
interpreter lock keeps it waiting; then the stacks of all threads still come out, on standard error, for
:mod:`faulthandler` writes them in C, and the supervisor ends the process when its time is over.
"""

from __future__ import annotations

import atexit
import faulthandler
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from stillframe.consumer.deadlines import Deadlines

if TYPE_CHECKING:
    from stillframe.consumer.worker import Worker

STOPS: Final = (signal.SIGTERM, signal.SIGINT)
WHERE: Final = signal.SIGUSR1
#: Seconds that the main thread gets for ending the process, after a second signal.
AT_ONCE: Final = 0.2


def show_stacks_on_request() -> None:
    """From now on SIGUSR1 writes the stacks of all threads to standard error, and ends nothing.

    An application's own handler of that signal is left alone.
    """
    if signal.getsignal(WHERE) is signal.SIG_DFL:
        signal.signal(WHERE, _heard)  # first: it would take the place of what is registered before
        faulthandler.register(WHERE, file=sys.__stderr__ or sys.stderr, all_threads=True, chain=True)
        atexit.register(_ask_no_more)


@contextmanager
def listening(worker: Worker, on_where: Callable[[], None], on_grace_over: Callable[[], None]) -> Iterator[None]:
    """SIGTERM and SIGINT stop the worker, a second one ends the process at once, SIGUSR1 asks where it is.

    Only the main thread can listen; in any other this does nothing.

    Args:
        on_where: called for each SIGUSR1, in the listening thread.
        on_grace_over: called there when a stop has gone on for the grace period.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ear = _Ear(worker, on_where, on_grace_over)
    before = {number: signal.signal(number, ear.stop) for number in STOPS}
    show_stacks_on_request()
    reader, writer = socket.socketpair()
    writer.setblocking(False)  # noqa: FBT003
    earlier = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=ear.listen, args=(reader,), name="stillframe-signals", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(earlier)
        for number, handler in before.items():
            signal.signal(number, handler)
        writer.close()


class _Ear:
    """What the signals mean."""

    def __init__(self, worker: Worker, on_where: Callable[[], None], on_grace_over: Callable[[], None]) -> None:
        self._worker = worker
        self._on_where = on_where
        self._on_grace_over = on_grace_over
        self._stops = 0
        self._grace_over = False
        self._stopped_here = False

    def stop(self, number: int, _frame: object) -> None:
        """The handler in the main thread. It does by itself what it can, should the application take the
        socket away, as an asyncio loop in this thread would."""
        if self._stopped_here:
            # By the signal itself: whoever started this process sees that it was no crash. It loses
            # nothing: what is not committed is delivered again.
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._stopped_here = True
        self._worker.stop()

    def listen(self, reader: socket.socket) -> None:
        """The thread: wait for signals, and for the end of the grace period, until the writer is closed."""
        with reader:
            while True:
                if not select.select([reader], [], [], self._patience())[0]:
                    self._grace_over = True
                    self._on_grace_over()
                elif heard := reader.recv(64):
                    self._take(heard)
                else:
                    return

    def _take(self, heard: bytes) -> None:
        self._stops += sum(number in STOPS for number in heard)
        if self._stops:
            self._worker.stop()
        if self._stops > 1:
            time.sleep(AT_ONCE)  # the main thread does it better, unless it is inside librdkafka
            os.kill(os.getpid(), signal.SIGKILL)
        for _ in range(heard.count(WHERE)):
            self._on_where()

    def _patience(self) -> float | None:
        asked = self._worker.asked_to_stop_at
        if asked is None or self._grace_over:
            return None
        return max(0.0, Deadlines(asked, self._worker.settings.grace).named - time.monotonic())


def _ask_no_more() -> None:
    """The interpreter's end gives the signal back its first meaning, which would kill the process."""
    faulthandler.unregister(WHERE)
    signal.signal(WHERE, signal.SIG_IGN)


def _heard(_number: int, _frame: object) -> None:
    """The socket, and what is written in C, tell the rest."""
