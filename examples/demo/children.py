"""The demo's child processes. They never outlive it, however it ends."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

#: The checkout, from which `examples` can be imported.
ROOT = Path(__file__).parents[2]
STOP_TIMEOUT = 10.0


class DemoFailed(Exception):
    """The demo cannot go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running process; its standard error goes to ``log``."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    def check(self) -> None:
        """Raise DemoFailed, with its last words, if it has ended."""
        if self.process.returncode is not None:
            raise self.failed(f"ended with exit code {self.process.returncode}")

    def failed(self, how: str) -> DemoFailed:
        words = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        return DemoFailed(f"the {self.name} {how}; its last words:\n{words or '(none)'}")

    async def stop(self) -> int:
        """Ask it to end, insist after ``STOP_TIMEOUT``, and return its exit code."""
        if self.process.returncode is None:
            self.process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                return await self.process.wait()
        except TimeoutError:
            self.process.kill()
            return await self.process.wait()


@asynccontextmanager
async def running(name: str, *command: str, folder: Path, stdout: int = subprocess.DEVNULL) -> AsyncIterator[Child]:
    """Start a process, and stop it at the end."""
    log = folder / f"{name.replace(' ', '-')}.log"
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,  # Ctrl-C is for the demo, which then stops them in order
        )
    leash = _leash(process.pid)
    child = Child(name, process, log)
    try:
        yield child
    finally:
        await child.stop()
        leash.kill()
        leash.communicate()


def _leash(pid: int) -> subprocess.Popen[bytes]:
    """A shell that kills the child when our end of a pipe closes: the kernel does that, however we die."""
    return subprocess.Popen(
        ["sh", "-c", 'read -r _; kill -KILL "$1"', "leash", str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
