"""How a worker process has ended, and whether that was a crash. Pure.

Only the supervisor can tell, and only from outside: a process says farewell before it exits in
order; whoever exits without a word was ended from within, by ``os._exit`` for instance. A signal
that the program brings upon itself is a crash too; one that others send is not, and of SIGKILL the
kernel's count of memory kills tells which it was.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Final

#: The child was killed: its grace period was over, or a second signal came.
EXIT_KILLED: Final = 5
#: A handler has raised SystemExit, KeyboardInterrupt or MemoryError, and the process has drained first;
#: or the process has exited from within, by whatever code.
EXIT_CRASHED: Final = 6

#: Those that an operator sends to end a process.
SENT: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})

#: So many restarts in so many seconds, then the supervisor ends too, and Kubernetes' back-off takes over.
MOST_RESTARTS: Final = 10
RESTARTS_WITHIN: Final = 300.0


@dataclass(frozen=True, slots=True)
class Ending:
    """What the supervisor saw of its child's end.

    Attributes:
        returncode: as :class:`subprocess.Popen` has it; negative is a signal.
        farewell: the child has said that it exits in order.
        asked: it had been told to stop.
        killed: the supervisor killed it, when its grace period was over or at a second signal.
        hung: the supervisor killed it, since its pulse stood still.
        out_of_memory: the kernel has killed for want of memory meanwhile.
    """

    returncode: int
    farewell: bool = False
    asked: bool = False
    killed: bool = False
    hung: bool = False
    out_of_memory: bool = False

    @property
    def exit_code(self) -> int:
        """What to exit with, if the child is not started again."""
        if self.killed:
            return EXIT_KILLED
        if self.asked and self.returncode == -signal.SIGTERM:
            return 0  # told before it could listen: it was still being imported, and had begun nothing
        if self.returncode >= 0:
            # Without a farewell the code was chosen by whoever called os._exit, and may well be 0.
            return self.returncode if self.farewell else EXIT_CRASHED
        return 128 - self.returncode

    @property
    def confessed(self) -> bool:
        """A handler has asked for it, and its task is marked already."""
        return self.farewell and self.returncode == EXIT_CRASHED

    @property
    def crash(self) -> str | None:
        """Why it was a crash; ``None`` if it was none."""
        if self.killed:
            return None
        if self.hung:
            return "the interpreter was held and its pulse stood still"
        if self.farewell:
            return "a handler has asked for the end of the process" if self.confessed else None
        return _by_signal(-self.returncode, self.out_of_memory) if self.returncode < 0 else self._by_itself()

    def _by_itself(self) -> str:
        return f"the process has exited with code {self.returncode} from within"


def _by_signal(number: int, out_of_memory: bool) -> str | None:  # noqa: FBT001
    if number == signal.SIGKILL:
        return "the process was killed for want of memory" if out_of_memory else None
    if number in SENT:
        return None
    try:
        return f"the process died of {signal.Signals(number).name}"
    except ValueError:
        return f"the process died of signal {number}"  # a real-time signal has no name


@dataclass(slots=True)
class Restarts:
    """How many restarts there have been of late."""

    times: list[float] = field(default_factory=list)

    def allow(self, now: float) -> bool:
        """Whether one more is within bounds; it is counted if so."""
        self.times = [time for time in self.times if now - time < RESTARTS_WITHIN]
        if len(self.times) >= MOST_RESTARTS:
            return False
        self.times.append(now)
        return True
