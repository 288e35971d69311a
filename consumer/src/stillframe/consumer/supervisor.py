"""``stillframe worker``: a small supervisor, and the worker as its child process.

The supervisor owns the deadline of a stop, and the journal of what is in flight. It has to be another
process: C code that holds the interpreter lock delays every Python signal handler in its own, and
a commit to a dead broker has been measured to block for 45 s; and a process that dies tells nobody
of what. It touches no Kafka and imports none of the user's code.

How a stop goes: SIGTERM or SIGINT reaches the supervisor, which passes SIGTERM on. The child turns
unready, starts no new task, drains up to its grace period, commits, leaves the group and exits 0.
One second after the grace period the child is killed, and asked before where its threads are; a second
signal kills it at once. Neither loses anything: what was not committed is delivered again.
:mod:`~stillframe.consumer.deadlines` has the time of every step.

How a crash goes: a child that a task has killed is started again in place, and finds in the journal
whom to suspect. Any other end is the supervisor's own.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Final

from stillframe.consumer.deadlines import ASKED, KILLED
from stillframe.consumer.lifeline import FAREWELL, LIFELINE
from stillframe.consumer.quarantine import journal
from stillframe.consumer.quarantine.endings import Ending, Restarts
from stillframe.consumer.quarantine.inheritance import Inheritance, bequeathed
from stillframe.consumer.quarantine.kernel import MemoryKills, is_stopped
from stillframe.consumer.quarantine.pulse import TICK, PulseWatch

DEFAULT_GRACE: Final = 25.0


def supervise(target: str) -> int:
    """Run the worker ``module:attribute`` in a child process; returns the exit code for this one.

    That of its last child, as :class:`Ending` has it.
    """
    with _signals() as wakeup:
        return _Supervisor(target, wakeup).run()


class _Supervisor:
    """Starts a child, and again after each crash that a task may have caused."""

    def __init__(self, target: str, wakeup: socket.socket) -> None:
        self._target = target
        self._stop = _Stop(wakeup)
        self._journal = journal.open_journal()
        self._restarts = Restarts()

    def run(self) -> int:
        crashes, crash = 0, ""
        while True:
            ending = self._live_through(Inheritance(self._journal, crashes, crash))
            if ending.crash is None or self._stop.asked():
                return ending.exit_code
            if why := self._gives_up(ending):
                print(f"error: {ending.crash}, {why}", file=sys.stderr)  # noqa: T201
                return ending.exit_code
            crashes, crash = crashes + 1, ending.crash

    def _gives_up(self, ending: Ending) -> str:
        """Why no other child is started. One that fails at its start would do so again; whoever runs this
        process knows better how long to wait.
        """
        if not journal.pulse(self._journal):
            return "before it had begun"  # the journal is still that of the child before
        if not ending.confessed and not journal.read(self._journal):
            return "with no task in flight"
        return "" if self._restarts.allow(time.monotonic()) else "too often to go on"

    def _live_through(self, inheritance: Inheritance) -> Ending:
        journal.still_pulse(self._journal)
        ours, theirs = socket.socketpair()
        with ours:
            with theirs, _held(signal.SIGUSR1):  # the child inherits that, until it can answer
                process = subprocess.Popen(  # noqa: S603 - this interpreter, this package
                    [sys.executable, "-m", "stillframe.consumer.child", self._target],
                    env=os.environ | {LIFELINE: str(theirs.fileno())} | bequeathed(inheritance),
                    pass_fds=[theirs.fileno(), self._journal],
                    # A session of its own: Ctrl-C in a terminal must reach the supervisor alone.
                    start_new_session=True,
                )
            ending = _Supervision(process, ours, self._stop, self._journal).run()
        if ending.crash is not None:
            # What handlers had started themselves would go on beside the task's next delivery.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        return ending


class _Stop:
    """Whether this process was told to stop, and how often. It outlives the children."""

    def __init__(self, wakeup: socket.socket) -> None:
        self.wakeup = wakeup
        self.times = 0
        #: How often it was asked where the child's threads are, and has not passed that on.
        self.questions = 0

    def asked(self) -> int:
        """How often so far; takes in what has come since."""
        try:
            signals = self.wakeup.recv(64)
        except BlockingIOError:
            signals = b""
        self.times += sum(number in {signal.SIGTERM, signal.SIGINT} for number in signals)
        self.questions += signals.count(signal.SIGUSR1)
        return self.times


class _Supervision:
    """Of one child: waits for signals, for its words, for its pulse to stand still, and for its end."""

    def __init__(
        self, process: subprocess.Popen[bytes], lifeline: socket.socket, stop: _Stop, shared_journal: int
    ) -> None:
        self._process = process
        self._lifeline = lifeline
        self._stop = stop
        self._journal = shared_journal
        self._grace = DEFAULT_GRACE
        self._hang_after = 0.0
        self._heard = b""
        self._farewell = self._killed = self._hung = self._asked = False
        self._deadline: float | None = None
        self._watch = PulseWatch()
        self._memory = MemoryKills(time.monotonic())

    def run(self) -> Ending:
        with selectors.DefaultSelector() as selector:
            selector.register(self._stop.wakeup, selectors.EVENT_READ, self._on_signal)
            selector.register(self._lifeline, selectors.EVENT_READ, self._on_word)
            while self._process.poll() is None:
                self._wait(selector)
                self._enforce_deadline()
                self._feel_pulse()
                self._memory.look(time.monotonic())
        self._hear_the_rest()
        return Ending(
            self._process.returncode,
            farewell=self._farewell,
            asked=self._deadline is not None,
            killed=self._killed,
            hung=self._hung,
            out_of_memory=self._memory.recent,
        )

    def _wait(self, selector: selectors.BaseSelector) -> None:
        for key, _ in selector.select(self._patience()):
            if not key.data():
                selector.unregister(key.fileobj)

    def _patience(self) -> float:
        if self._deadline is None:
            return TICK
        return min(TICK, max(0.0, (self._deadline if self._asked else self._ask_at) - time.monotonic()))

    @property
    def _ask_at(self) -> float:
        return (self._deadline or 0.0) - (KILLED - ASKED)

    def _on_signal(self) -> bool:
        asked = self._stop.asked()
        if asked and self._deadline is None:
            self._deadline = time.monotonic() + self._grace + KILLED
            self._process.send_signal(signal.SIGTERM)
        if asked > 1:
            self._kill("a second signal")
        if self._stop.questions:
            self._stop.questions = 0
            self._process.send_signal(signal.SIGUSR1)
        return True

    def _on_word(self) -> bool:
        """The child tells its limits, or that it exits in order; an end of file only says that it ends."""
        word = self._lifeline.recv(64)
        *lines, self._heard = (self._heard + word).split(b"\n")
        for line in lines:
            if line == FAREWELL.encode():
                self._farewell = True
            else:
                self._grace, self._hang_after = map(float, line.split())
        return bool(word)

    def _hear_the_rest(self) -> None:
        """Its last words may have come with its end; a process that it has forked may still hold the line."""
        self._lifeline.setblocking(False)  # noqa: FBT003
        with suppress(BlockingIOError):
            while self._on_word():
                pass

    def _enforce_deadline(self) -> None:
        if self._deadline is None:
            return
        now = time.monotonic()
        if now >= self._ask_at and not self._asked:
            self._asked = True
            self._process.send_signal(signal.SIGUSR1)
        if now >= self._deadline:
            self._kill("its grace period is over")

    def _feel_pulse(self) -> None:
        """Once the child is stopping it is the deadline that counts."""
        if not self._hang_after or self._farewell or self._deadline is not None:
            return
        stopped = is_stopped(self._process.pid)
        still = self._watch.look(journal.pulse(self._journal), time.monotonic(), stopped=stopped)
        if still >= self._hang_after and self._process.poll() is None:
            self._hung = True
            self._end()

    def _kill(self, reason: str) -> None:
        self._killed = True
        self._end()
        in_flight = journal.read(self._journal) if journal.pulse(self._journal) else []
        unfinished = [{"topic": each.topic, "partition": each.partition, "offset": each.offset} for each in in_flight]
        _log("worker_killed", reason=reason, unfinished=unfinished)

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def _signals() -> Iterator[socket.socket]:
    """A socket that becomes readable with each signal, so that waiting needs no polling."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)  # noqa: FBT003
    writer.setblocking(False)  # noqa: FBT003
    heard = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGUSR1)
    before = {number: signal.signal(number, _noted) for number in heard}
    earlier = signal.set_wakeup_fd(writer.fileno())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, before)  # what came earlier, the command has kept
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(earlier)
        for number, handler in before.items():
            signal.signal(number, handler)
        reader.close()
        writer.close()


@contextmanager
def _held(number: int) -> Iterator[None]:
    """The signal waits until the end of the block."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})


def _log(event: str, **fields: object) -> None:
    """A line like the worker's own; its library is too large for this process."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    print(json.dumps({**fields, "event": event, "level": "error", "timestamp": now}), flush=True)  # noqa: T201


def _noted(_number: int, _frame: object) -> None:
    """The wake-up socket tells the rest."""
