"""A handler process: runs one call after the other, for as long as the worker lives."""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import inspect
import io
import logging
import os
import pickle
import queue
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Final

from stillframe.consumer.context import TaskContext
from stillframe.consumer.dispatch.attempt import CRASHES
from stillframe.consumer.dispatch.process_call import CANCEL, READY, Call, Place, Reply
from stillframe.consumer.outcome.classify import describe_judged
from stillframe.consumer.outcome.judge import judge
from stillframe.schemas import TaskType, decode

PR_SET_PDEATHSIG: Final = 1


def main(descriptor: int, log_level: int, places: Sequence[Place]) -> None:
    """Serve calls that come through the pipe; does not return."""
    _live_and_die_with_the_worker()
    os.set_inheritable(descriptor, False)  # noqa: FBT003
    connection = Connection(descriptor)
    for place in places:
        with suppress(Exception):  # whoever calls it will be told
            place.function.find()
    if not logging.root.handlers:
        logging.basicConfig(level=log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    connection.send_bytes(READY)
    server = _Server(connection)
    threading.Thread(target=server.listen, name="stillframe-pipe", daemon=True).start()
    server.serve()


class _Server:
    """The main thread serves; another one listens, so that a cancellation is heard while a handler runs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._context: TaskContext | None = None

    def listen(self) -> None:
        while True:
            try:
                message = self._connection.recv_bytes()
            except (EOFError, OSError):
                os._exit(0)  # the worker has closed the pipe, or is no more
            if message != CANCEL:
                self._calls.put(message)
            elif (context := self._context) is not None:
                context.cancel()

    def serve(self) -> None:
        while True:
            reply = self._answer(self._calls.get())
            self._connection.send(reply)
            if reply.last:
                os._exit(1)

    def _answer(self, message: bytes) -> Reply:
        call: Call = pickle.loads(message)  # noqa: S301 - from our own parent
        try:
            # A copy, so that a context variable set by one task is gone with it.
            contextvars.copy_context().run(self._perform, call)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is this call's
            told, judgement = judge(error, call.retry, time.time())
            failure = describe_judged(told, call.record, judgement, messages=call.messages)
            return Reply(failure, judgement.after, last=isinstance(error, CRASHES))
        finally:
            self._context = None
        return Reply()

    def _perform(self, call: Call) -> None:
        place = call.place
        task_type: TaskType[Any] = TaskType(place.task_type, place.payload.find(), topic=place.topic)
        task = decode(call.record, task_type, max_bytes=call.max_bytes)
        self._context = context = TaskContext.lasting(task, call.delivery, call.record, call.remaining)
        arguments = (task.payload, context) if call.wants_context else (task.payload,)
        result = place.function.find()(*arguments)
        if inspect.isawaitable(result):
            asyncio.run(_awaited(result))


async def _awaited(result: Any) -> None:
    await result


def _live_and_die_with_the_worker() -> None:
    """Signals of the terminal or the process group are the worker's business; its death is ours."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        # The pipe's end tells it everywhere, but not to C code that holds the interpreter lock.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)
