"""Handlers that run in a process of their own, and what they do there."""

import contextvars
import ctypes
import logging
import os
import signal
import sys
import time
from pathlib import Path

from pydantic import BaseModel

from stillframe.consumer import PermanentError, RetryAfter, TaskContext
from stillframe.schemas import TaskType


class Job(BaseModel):
    """What a handler process is to do, and where it writes down what it has seen."""

    what: str = "write"
    file: str = ""


class Refused(Exception):
    """An error of the application."""


job_type = TaskType("job", Job, topic="jobs", key=lambda job: job.what)
USER: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")


def perform(job: Job, context: TaskContext) -> None:
    """Do what the job says."""
    match job.what:
        case "write":
            logging.getLogger("job").warning("written")
            seen = (os.getpid(), context.attempt, context.task_id, context.state, USER.get(), context.remaining)
            USER.set("ada")
            Path(job.file).write_text(repr(seen))
        case "wait to be cancelled":
            Path(job.file).write_text(str(os.getpid()))
            context.wait_cancelled(60)
            raise Refused(f"cancelled: {context.cancelled}")
        case "sleep":
            Path(job.file).write_text(str(os.getpid()))
            time.sleep(600)
        case _:
            end_badly(job.what)


def end_badly(how: str) -> None:
    """Every way in which a handler may end otherwise than by returning."""
    match how:
        case "os._exit":
            os._exit(0)
        case "segfault":
            ctypes.string_at(0)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "SystemExit":
            sys.exit("away")
        case "MemoryError":
            raise MemoryError
        case "RetryAfter":
            raise RetryAfter(120)
        case "PermanentError":
            raise PermanentError("never")
        case "fork and exit":
            if os.fork() == 0:
                time.sleep(60)  # it holds the pipe open
            os._exit(3)
        case _:
            raise Refused("no such job: " + how)


def make_local() -> type[Exception]:
    """An exception class that no other process can find."""

    class Local(Exception):
        pass

    return Local
