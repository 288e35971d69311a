"""Run `stillframe` as a user would: a process of its own, its output in a pipe."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillframe.schemas.topics import TopicFamily

PROGRAM = str(Path(sys.executable).with_name("stillframe"))

WORKER = """
from pydantic import BaseModel

from stillframe.consumer import Worker, WorkerSettings
from stillframe.schemas import TaskType


class Email(BaseModel):
    to: str


send_email = TaskType("send_email", Email, topic={topic!r})
worker = Worker(group={group!r})
not_a_worker = 5


@worker.task(send_email)
def deliver(email: Email) -> None: ...
"""


@dataclass(frozen=True)
class Ran:
    """What a command left behind: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)

    @property
    def failure(self) -> tuple[str, str]:
        """The one error and its hint; anything else on standard error fails the test."""
        error, *hints = self.err.splitlines()
        assert error.startswith("error: "), self.err
        assert all(hint.startswith("hint: ") for hint in hints), self.err
        return error.removeprefix("error: "), "\n".join(hint.removeprefix("hint: ") for hint in hints)


def stillframe(*arguments: str, cwd: Path | None = None, **environment: str) -> Ran:
    """Run a command to its end."""
    environment = clean(environment)
    done = subprocess.run(
        [PROGRAM, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        timeout=60,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@contextmanager
def started(
    *arguments: str, cwd: Path | None = None, log: Path | None = None, **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until it is told to stop; at the latest at the end of the block.

    What it prints goes into pipes, or into the file `log`.
    """
    with ExitStack() as stack:
        output = subprocess.PIPE if log is None else stack.enter_context(log.open("ab"))
        process = subprocess.Popen(
            [PROGRAM, *arguments], stdout=output, stderr=output, text=True, cwd=cwd, env=clean(environment)
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def clean(environment: dict[str, str]) -> dict[str, str]:
    """The tests' own environment without any setting of Stillframe's but these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("STILLFRAME_")}
    return inherited | environment


def write_worker(folder: Path, family: TopicFamily) -> str:
    """Write a worker for a family's task topic; returns what to call it on the command line."""
    (folder / "app.py").write_text(WORKER.format(topic=family.topic, group=family.group))
    return "app:worker"
