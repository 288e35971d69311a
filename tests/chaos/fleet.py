"""The worker processes of a run: started, killed as a node would die, started again, stopped in order."""

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

ROOT = Path(__file__).parents[2]
STOP_TIMEOUT = 60

#: A process's name, and its exit code if it has ended.
Ending = tuple[str, int | None]


class Fleet:
    """Workers in numbered slots. Each life of a slot is a process with a name of its own."""

    def __init__(self, command: list[str], environment: Callable[[str], dict[str, str]], logs: Path) -> None:
        """`environment` makes a process's environment of its name; what it prints goes to `logs`."""
        self._command = command
        self._environment = environment
        self._logs = logs
        self._lives: dict[int, int] = {}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, slot: int) -> str:
        """Start the next life of a slot; returns its name."""
        self._lives[slot] = self._lives.get(slot, 0) + 1
        name = self.name(slot)
        with (self._logs / f"{name}.log").open("wb") as log:
            self._processes[slot] = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment(name), stdout=log, stderr=log
            )
        return name

    def name(self, slot: int) -> str:
        """The process in a slot."""
        return f"worker-{slot}-{self._lives[slot]}"

    def kill(self, slot: int) -> str | None:
        """Kill -9 a worker and its supervisor, as a node that fails would; returns its name, if one ran."""
        process = self._processes.pop(slot, None)
        if process is None:
            return None
        for pid in (*_children(process.pid), process.pid):
            _kill(pid)
        process.wait()
        return self.name(slot)

    def dead(self) -> list[Ending]:
        """Those that have ended since the last call, though nobody killed them."""
        ended = {slot: code for slot, process in self._processes.items() if (code := process.poll()) is not None}
        for slot in ended:
            del self._processes[slot]
        return [(self.name(slot), code) for slot, code in ended.items()]

    def stop(self) -> list[Ending]:
        """SIGTERM to all of them at once; tells those that did not end with 0."""
        for process in self._processes.values():
            process.terminate()
        codes = {slot: _wait(process) for slot, process in self._processes.items()}
        # Whoever did not end is still here, and is killed with the fleet.
        self._processes = {slot: each for slot, each in self._processes.items() if each.poll() is None}
        return [(self.name(slot), code) for slot, code in codes.items() if code != 0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for slot in tuple(self._processes):
            self.kill(slot)


def _children(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        return None


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # it had ended by itself
        os.kill(pid, signal.SIGKILL)
