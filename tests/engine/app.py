"""The worker that the process scenarios run: it writes down what it starts and ends, and sleeps as told."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from stillframe.consumer import PermanentError, Retry, RetryOrder, TaskContext, Worker
from stillframe.consumer.events import Event, HandedOff, PartitionsAssigned
from stillframe.schemas import Task
from tests.engine.work import Work, work_type

# Opened for appending and written in one call a line: what was written survives a kill -9.
JOURNAL = os.open(os.environ.get("APP_JOURNAL", os.devnull), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def write(event: str, **fields: object) -> None:
    """Append one line."""
    os.write(JOURNAL, json.dumps({"event": event, "pid": os.getpid(), **fields}).encode() + b"\n")


def journal(task: Task[Any], context: TaskContext, call_next: Callable[[], Any]) -> Any:
    """A middleware: every attempt's start and end."""
    delivery = context.delivery
    facts = {
        "task_id": context.task_id,
        "attempt": context.attempt,
        "partition": delivery.partition,
        "offset": delivery.offset,
        "at": time.time(),
    }
    write("start", **facts)
    result = call_next()
    write("end", **facts)
    return result


def watch(event: Event) -> None:
    """A listener: when there are partitions to work on, and which hand-offs are acknowledged."""
    if isinstance(event, PartitionsAssigned) and event.partitions:
        write("assigned", partitions=len(event.partitions))
    elif isinstance(event, HandedOff):
        offset = event.arrival.record.offset
        write("handed off", offset=offset)
        if offset >= DIES_AT:
            os.kill(os.getpid(), signal.SIGKILL)


TASK_TYPE = work_type(os.environ.get("APP_TOPIC", "app"))
#: The first offset at whose hand-off, once it is acknowledged, the process ends as if its node had failed.
DIES_AT = float(os.environ.get("APP_DIES_AT", "inf"))
#: Seconds until a retry.
DELAY = float(os.environ.get("APP_DELAY", "2"))
worker = Worker(
    os.environ.get("APP_GROUP", "app"),
    middleware=[journal],
    listeners=[watch],
    retry_order={TASK_TYPE.topic: RetryOrder(os.environ.get("APP_RETRY_ORDER", "relaxed"))},
)


@worker.task(TASK_TYPE, retry=Retry(base=DELAY, cap=DELAY, jitter=0), breaker=None)
def handle(work: Work, context: TaskContext) -> None:
    """Sleep as many seconds as the kind says; or end the first process that gets it, or fail at first."""
    if work.kind == "fails when told":
        while not Path(f"{os.environ['APP_JOURNAL']}.fail").exists():
            time.sleep(0.01)
        raise PermanentError("as told")
    if work.kind == "exit once":
        with suppress(FileExistsError):
            Path(f"{os.environ['APP_JOURNAL']}.exited").touch(exist_ok=False)
            sys.exit(1)
    elif work.kind == "fails for good":
        raise PermanentError("as told")
    elif work.kind == "fails once":
        if context.attempt == 1:
            raise ConnectionError
    elif work.kind == "holds the interpreter lock":
        re.match(r"(a+)+$", "a" * 64 + "b")  # C code that backtracks for years
    elif work.kind != "plain":
        time.sleep(float(work.kind))
