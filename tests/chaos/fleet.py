"""The worker processes of a run: started, killed as a node would die, frozen, stopped in order."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

ROOT = Path(__file__).parents[2]
STOP_TIMEOUT = 60

#: A slot, the process in it that has ended, its exit code, and when it ended by the monotonic clock.
Ending = tuple[int, str, int, float]


class Fleet:
    """Workers in numbered slots. Each life of a slot is a process with a name of its own."""

    def __init__(self, command: list[str], environment: Callable[[int, str], dict[str, str]], logs: Path) -> None:
        """`environment` makes a process's environment of its slot and name; what it prints goes to `logs`."""
        self._command = command
        self._environment = environment
        self._logs = logs
        self._lives: dict[int, int] = {}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        #: When processes have ended: whoever asks for it may be busy with a broker at that moment.
        self._ends: dict[str, float] = {}

    def start(self, slot: int) -> str:
        """Start the next life of a slot; returns its name."""
        self._lives[slot] = self._lives.get(slot, 0) + 1
        name = self.name(slot)
        with (self._logs / f"{name}.log").open("wb") as log:
            self._processes[slot] = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment(slot, name), stdout=log, stderr=log
            )
        threading.Thread(target=self._await_end, args=(name, self._processes[slot]), daemon=True).start()
        return name

    def name(self, slot: int) -> str:
        """The process in a slot, or the last one that was."""
        return f"worker-{slot}-{self._lives[slot]}"

    def runs(self, slot: int) -> bool:
        """Whether there is a process in a slot; it may have ended, but nobody has asked."""
        return slot in self._processes

    def kill(self, slot: int) -> None:
        """Kill -9 a worker and its supervisor, as a node that fails would."""
        process = self._processes.pop(slot)
        _signal(process.pid, signal.SIGKILL)
        process.wait()

    def freeze(self, slot: int) -> None:
        """SIGSTOP a worker and its supervisor, as a node that swaps, or a machine that migrates."""
        _signal(self._processes[slot].pid, signal.SIGSTOP)

    def thaw(self, slot: int) -> None:
        """SIGCONT both."""
        _signal(self._processes[slot].pid, signal.SIGCONT)

    def terminate(self, slot: int) -> None:
        """SIGTERM to the supervisor, as Kubernetes sends it; returns at once."""
        self._processes[slot].terminate()

    def ended(self) -> list[Ending]:
        """Those that have ended since the last call; their slots are empty."""
        ends = {slot: self._ends.get(self.name(slot)) for slot in self._processes}
        return [
            (slot, self.name(slot), self._processes.pop(slot).wait(), at)
            for slot, at in ends.items()
            if at is not None
        ]

    def _await_end(self, name: str, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._ends[name] = time.monotonic()

    def slots(self) -> list[int]:
        """Where a process is."""
        return sorted(self._processes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for slot in self.slots():
            self.kill(slot)


def _signal(pid: int, number: signal.Signals) -> None:
    """To the worker first: a supervisor that is killed would take it along by another way."""
    for each in (*_children(pid), pid):
        with suppress(ProcessLookupError):  # it had ended by itself
            os.kill(each, number)


def _children(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
