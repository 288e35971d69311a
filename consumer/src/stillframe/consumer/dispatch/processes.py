"""Handler processes: one spawned process and one pipe for each slot.

Not a shared pool: in the one of ``concurrent.futures`` the death of a single process breaks the pool, and
fails every task that is in it (``BrokenProcessPool``). Here it is the failure of the one task that ran in it,
and the slot gets a new process.
"""

from __future__ import annotations

import json
import logging
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Final

from stillframe.consumer.context import TaskContext
from stillframe.consumer.dispatch.process_call import CANCEL, READY, Call, HandlerFailed, Place, Reply
from stillframe.consumer.errors import ProcessDied

#: Seconds for a new process to import the handlers, and for one that closed its pipe to end.
START_TIMEOUT: Final = 60.0
END_TIMEOUT: Final = 2.0
#: Seconds between two looks at whether a call is to be cancelled.
LOOK_EVERY: Final = 0.1

_CODE: Final = (
    "import sys, json, pickle; sys.path[:] = json.loads(sys.argv[1]); "
    "from stillframe.consumer.dispatch.process_child import main; "
    "main(int(sys.argv[2]), int(sys.argv[3]), pickle.loads(bytes.fromhex(sys.argv[4])))"
)


class Process:
    """A spawned process that runs one call at a time. All that it inherits is its pipe and the standard streams."""

    def __init__(self, places: Sequence[Place]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, this package
                [
                    sys.executable, "-c", _CODE, json.dumps(sys.path), str(theirs.fileno()),
                    str(logging.root.level), pickle.dumps(tuple(places)).hex(),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self._pipe = Connection(ours.detach())

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_ready(self) -> None:
        """Wait for it to have imported the handlers.

        Raises:
            ProcessDied: it did not get so far.
        """
        if not self._pipe.poll(START_TIMEOUT) or self._received() != READY:
            self.kill()
            raise ProcessDied(f"a handler process was not ready after {START_TIMEOUT:g} s")

    def run(self, call: Call, context: TaskContext) -> Reply:
        """Run a call to its end.

        Raises:
            TimeoutError: the context's time is over; the process was killed.
            ProcessDied: it ended before the handler did; the message says how.
        """
        with suppress(OSError):  # then it is dead, and reading says so
            self._pipe.send_bytes(pickle.dumps(call))
        told = False
        while not self._pipe.poll(_patience(context)):
            if context.remaining == 0:
                self.kill()
                raise TimeoutError("the handler's timeout is over, and its process was killed")
            if self._process.poll() is not None and not self._pipe.poll(0):
                break  # what the handler has forked may hold the pipe open
            if context.cancelled and not told:
                told = True
                with suppress(OSError):
                    self._pipe.send_bytes(CANCEL)
        reply: Reply = pickle.loads(self._received())  # noqa: S301 - from our own child
        return reply

    def kill(self) -> None:
        """End it; whoever waits for its reply hears that it died."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self.kill()
        self._pipe.close()

    def _received(self) -> bytes:
        with suppress(EOFError, OSError):
            if self._pipe.poll(0) or self._process.poll() is None:
                return self._pipe.recv_bytes()
        raise ProcessDied(self._how_it_died())

    def _how_it_died(self) -> str:
        try:
            code = self._process.wait(END_TIMEOUT)
        except subprocess.TimeoutExpired:
            return "the process closed its pipe"
        if code >= 0:
            return f"the process exited with code {code}"
        name = signal.Signals(-code).name
        why = " (as the kernel does for want of memory)" if -code == signal.SIGKILL else ""
        return f"the process was killed by {name}{why}"


class ProcessSlot:
    """One process at a time, started with the first call and replaced when it has died. One thread's own.

    Args:
        places: the handlers to import before the first call.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self._process: Process | None = None
        self._closing = threading.Lock()
        self._closed = False

    def prepare(self) -> None:
        """Have a process ready, so that its start does not count as the handler's time."""
        with self._closing:
            if self._process is not None or self._closed:
                return
            self._process = process = Process(self._places)
        with suppress(ProcessDied):  # the call will say so
            process.wait_ready()

    def run(self, call: Call, context: TaskContext) -> None:
        """Run a call to its end.

        Raises:
            HandlerFailed: the handler raised an error.
            TimeoutError, ProcessDied: as :meth:`Process.run`.
        """
        process = self._process
        if process is None:
            raise ProcessDied("the worker is stopping")
        keeps = False
        try:
            reply = process.run(call, context)
            keeps = not reply.last
        finally:
            if not keeps:
                self._discard(process)
        if reply.failure is not None:
            raise HandlerFailed(reply.failure, reply.retry_after)

    def close(self) -> None:
        """Kill the process, whatever it does; from any thread."""
        with self._closing:
            self._closed = True
            if self._process is not None:
                self._process.kill()

    def _discard(self, process: Process) -> None:
        with self._closing:
            self._process = None
        process.close()


def _patience(context: TaskContext) -> float:
    remaining = context.remaining
    return LOOK_EVERY if remaining is None else min(LOOK_EVERY, remaining)
