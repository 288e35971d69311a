"""One attempt at one task: decode, check, run the handler, and say how it ended."""

from __future__ import annotations

import contextvars
import inspect
import time
from collections.abc import Callable, Sequence
from functools import partial
from math import ceil, isnan
from random import Random
from typing import TYPE_CHECKING, Any, TypeGuard

from stillframe.consumer.context import TaskContext
from stillframe.consumer.dispatch.event_loop import EventLoop
from stillframe.consumer.errors import CrashedHandler, RetryAfter
from stillframe.consumer.events import (
    AttemptEnded,
    AttemptStarted,
    Event,
    HandlerCrashed,
    SuspectIsolated,
    TaskCondemned,
)
from stillframe.consumer.handler import Handler, Middleware
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.classify import CONDEMNED, describe, is_permanent
from stillframe.consumer.outcome.end import Dead, Done, End, Retry, Skipped
from stillframe.consumer.quarantine.marks import Verdict
from stillframe.consumer.retry import LONGEST_WAIT
from stillframe.schemas import DecodeError, Delivery, InvalidHeaders, Task, UnknownTaskType, decode
from stillframe.schemas.headers import milliseconds, moment
from stillframe.schemas.wire import peek_type

if TYPE_CHECKING:
    from stillframe.consumer.worker import Worker

#: Raised by a handler these say that the process is in trouble, not the task.
CRASHES = (SystemExit, KeyboardInterrupt, MemoryError)


class Attempts:
    """Runs attempts; safe in many threads at once.

    Args:
        now: the wall clock in epoch milliseconds: due times travel between machines.
        outermost: middleware around the worker's own.
    """

    def __init__(
        self,
        worker: Worker,
        emit: Callable[[Event], None],
        *,
        state: Any = None,
        now: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        random: Random | None = None,
        outermost: Sequence[Middleware] = (),
    ) -> None:
        self._worker = worker
        self._emit = emit
        self._state = state
        self._now = now
        self._middleware = (*outermost, *worker.middleware)
        self._random = random or Random()  # noqa: S311 - jitter, not a secret
        self._event_loop = EventLoop()

    def run(self, arrival: Arrival) -> End:
        """Bring one attempt to its end. Whatever the handler raises becomes an outcome.

        Raises:
            CrashedHandler: the handler raised one of ``CRASHES``; the task has no outcome.
        """
        if arrival.verdict is Verdict.CONDEMNED:
            self._emit(TaskCondemned(arrival))
            return Dead(CONDEMNED)  # unread: what kills a process may well be its decoding
        if arrival.alone:
            self._emit(SuspectIsolated(arrival))
        try:
            handler, task = self._read(arrival)
        except DecodeError as error:
            end = Dead(describe(error, arrival.record, permanent=True))
            self._emit(AttemptEnded(arrival, "", "", end, 0.0))
            return end
        return self._before(arrival, task) or self._attempt(arrival, handler, task)

    def close(self) -> None:
        self._event_loop.close()

    def _read(self, arrival: Arrival) -> tuple[Handler, Task[Any]]:
        if arrival.fault is not None:
            raise arrival.fault
        name = peek_type(arrival.record)
        handler = self._worker.handler(name)
        if handler is None:
            raise UnknownTaskType(f"the task's type is not registered with worker {self._worker.group!r}")
        return handler, decode(arrival.record, handler.task_type, max_bytes=self._worker.settings.max_task_bytes)

    def _before(self, arrival: Arrival, task: Task[Any]) -> End | None:
        """The end of a task that must not start: expired, not due yet, or due absurdly late."""
        now, due = self._now(), _due(arrival, task)
        end: End
        if task.expires_at is not None and milliseconds(task.expires_at) <= now:
            end = Skipped()
        elif due <= now:
            return None
        elif due > now + LONGEST_WAIT * 1_000:
            error = InvalidHeaders("not_before is more than 30 days ahead")
            end = Dead(describe(error, arrival.record, permanent=True))
        else:
            end = Retry(due, None)
        self._emit(AttemptEnded(arrival, task.type, str(task.id), end, 0.0))
        return end

    def _attempt(self, arrival: Arrival, handler: Handler, task: Task[Any]) -> End:
        record, state = arrival.record, arrival.state
        started = time.monotonic()
        delivery = Delivery(
            state.attempt, record.topic, record.partition, record.offset, moment(state.first_failed_at)
        )
        deadline = None if handler.timeout is None else started + handler.timeout
        arrival.context = context = TaskContext(task, delivery, record, deadline=deadline, state=self._state)
        self._emit(AttemptStarted(arrival, task.type, str(task.id)))
        end: End = Done()
        try:
            # A copy, so that a context variable set by one task is gone with it.
            contextvars.copy_context().run(self._call, handler, task, context)
        except CRASHES as error:
            self._emit(HandlerCrashed(arrival, type(error).__name__))
            raise CrashedHandler(f"handler of {task.type!r} raised {type(error).__name__}") from error
        except BaseException as error:  # noqa: BLE001 - also asyncio.CancelledError; no task may end without an outcome
            end = self._failed(error, arrival, handler)
        self._emit(AttemptEnded(arrival, task.type, str(task.id), end, time.monotonic() - started))
        return end

    def _call(self, handler: Handler, task: Task[Any], context: TaskContext) -> Any:
        call = partial(self._invoke, handler, task.payload, context)
        for middleware in reversed(self._middleware):
            call = partial(_around, middleware, task, context, call)
        return call()

    def _invoke(self, handler: Handler, payload: Any, context: TaskContext) -> Any:
        arguments = (payload, context) if handler.wants_context else (payload,)
        result = handler.function(*arguments)
        # Asked of the result, not of the function: a decorated or callable handler may hide its `async`.
        return self._event_loop.run(result, context.remaining) if inspect.isawaitable(result) else result

    def _failed(self, error: BaseException, arrival: Arrival, handler: Handler) -> End:
        policy, attempt = handler.retry, arrival.state.attempt
        failure = describe(
            error,
            arrival.record,
            permanent=is_permanent(error, policy),
            messages=self._worker.settings.error_messages,
        )
        if failure.permanent or attempt >= policy.max_attempts:
            return Dead(failure)
        asked = error.seconds if isinstance(error, RetryAfter) else None
        wait = asked if _is_number(asked) else policy.delay(attempt, self._random)
        # The clock has lost the fraction of its millisecond: round up, lest the retry be early by it.
        return Retry(self._now() + 1 + ceil(min(max(wait, 0), LONGEST_WAIT) * 1_000), failure)


def _is_number(value: Any) -> TypeGuard[float]:
    """What a handler passes to RetryAfter may be text from an HTTP header: then the policy decides."""
    return isinstance(value, int | float) and not isnan(value)


def _due(arrival: Arrival, task: Task[Any]) -> int:
    """When the next attempt may start: the retry's time, or the ETA that the task itself carries."""
    if arrival.state.not_before is not None:
        return arrival.state.not_before
    eta = task.not_before if arrival.state.attempt == 1 else None
    return 0 if eta is None else milliseconds(eta)


def _around(middleware: Middleware, task: Task[Any], context: TaskContext, call: Callable[[], Any]) -> Any:
    return middleware(task, context, call)
