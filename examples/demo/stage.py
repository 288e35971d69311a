"""The processes of a run: topics made, worker and web application started, and both at work."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from examples.demo.children import ROOT, Child, DemoFailed, running
from examples.demo.worker_log import WorkerLog

T = TypeVar("T")

WEB: Final = "examples.mailer.web:app"
WORKER: Final = "examples.mailer.worker:worker"
START_TIMEOUT: Final = 20.0
#: uvicorn's own line on standard error: it has chosen a free port, and listens.
LISTENING = re.compile(r"running on (http://127\.0\.0\.1:\d+)")


@dataclass(frozen=True, slots=True)
class Stage:
    """A web application that listens at ``address``, and a worker that has its partitions."""

    web: Child
    worker: Child
    log: WorkerLog
    address: str
    _reading: asyncio.Task[None]

    def check(self) -> None:
        """Raise DemoFailed if one of them has ended."""
        self.web.check()
        self.worker.check()

    async def stop_worker(self) -> None:
        """Let it drain, commit and leave, and read its log to the end.

        Raises:
            DemoFailed: it did not exit with 0.
        """
        if code := await self.worker.stop():
            raise self.worker.failed(f"ended with exit code {code}, not 0")
        await self._reading


async def apply_topics() -> None:
    """Create the topics as an operator would. Raises DemoFailed if that fails."""
    command = await asyncio.create_subprocess_exec(
        *_stillframe("topics", "apply", WORKER),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await command.communicate()
    if command.returncode:
        raise DemoFailed(f"`stillframe topics apply` ended with exit code {command.returncode}:\n{output.decode()}")


async def set_up(stack: AsyncExitStack, folder: Path, log: WorkerLog) -> Stage:
    """Start both side by side, and wait until both are at work; ``stack`` stops them.

    Raises:
        DemoFailed: one of them did not get there within ``START_TIMEOUT``.
    """
    worker = await stack.enter_async_context(
        running("worker", *_stillframe("worker", WORKER), folder=folder, stdout=subprocess.PIPE)
    )
    reading = asyncio.create_task(_read(worker, log))
    uvicorn = [sys.executable, "-m", "uvicorn", "--port", "0", "--no-access-log", WEB]
    web = await stack.enter_async_context(running("web application", *uvicorn, folder=folder))
    listening = await _until(lambda: LISTENING.search(web.log.read_text()), web, "did not listen")
    await _until(lambda: log.ready, worker, "was given no partitions")
    return Stage(web, worker, log, listening[1], reading)


async def _read(worker: Child, log: WorkerLog) -> None:
    if worker.process.stdout is None:
        return
    async for line in worker.process.stdout:
        log.take(line)


async def _until(condition: Callable[[], T | None], child: Child, otherwise: str) -> T:
    deadline = time.monotonic() + START_TIMEOUT
    while not (reached := condition()):
        child.check()
        if time.monotonic() >= deadline:
            raise child.failed(f"{otherwise} within {START_TIMEOUT:g} s")
        await asyncio.sleep(0.05)
    return reached


def _stillframe(*arguments: str) -> list[str]:
    """The command that was installed beside this interpreter."""
    return [str(Path(sys.executable).with_name("stillframe")), *arguments]
