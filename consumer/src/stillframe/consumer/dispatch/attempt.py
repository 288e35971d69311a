"""One attempt at one task: decode, check, run the handler, and say how it ended."""

from __future__ import annotations

import contextvars
import inspect
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from math import ceil
from random import Random
from typing import TYPE_CHECKING, Any, Final

from stillframe.consumer.context import TaskContext
from stillframe.consumer.dispatch.event_loop import EventLoop, in_thread, within
from stillframe.consumer.dispatch.process_call import Call, HandlerFailed
from stillframe.consumer.dispatch.processes import ProcessSlot
from stillframe.consumer.errors import CrashedHandler
from stillframe.consumer.events import (
    AttemptEnded,
    AttemptStarted,
    AttemptTimedOut,
    DeadLettersResumed,
    DeadLettersStopped,
    Event,
    HandlerCrashed,
    SuspectIsolated,
    TaskCondemned,
)
from stillframe.consumer.handler import Handler
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome import end as ends
from stillframe.consumer.outcome.classify import CONDEMNED, Failure, describe_input, describe_judged
from stillframe.consumer.outcome.dead_letter_limit import DeadLetterLimit
from stillframe.consumer.outcome.end import Dead, Done, End, Skipped
from stillframe.consumer.outcome.judge import Judgement, judge
from stillframe.consumer.quarantine.marks import Verdict
from stillframe.consumer.retry import FARTHEST, Jitter
from stillframe.schemas import DecodeError, InvalidHeaders, Task, UnknownTaskType, decode
from stillframe.schemas.headers import milliseconds
from stillframe.schemas.wire import peek_type

if TYPE_CHECKING:
    from stillframe.consumer.worker import Worker

#: Raised by a handler these say that the process is in trouble, not the task.
CRASHES = (SystemExit, KeyboardInterrupt, MemoryError)


#: Seconds at the least until what is not given up, for the limit of dead letters, is tried again.
SPARED_WAIT: Final = 60.0
DONE: Final = Done()

#: What is around an attempt that has nothing around it.
NOTHING: Final = nullcontext()

#: What is entered around an attempt, middleware included; of the engine's own, since it must suit a coroutine too.
Around = Callable[[Task[Any], TaskContext], AbstractContextManager[None]]
#: How a handler is called.
Invoke = Callable[["Attempt"], Any]


@dataclass(slots=True, eq=False)  # not frozen: to make such a one for every task takes three times as long
class Attempt:
    """One that has begun: its handler is to be called."""

    arrival: Arrival
    handler: Handler
    task: Task[Any]
    context: TaskContext
    task_id: str
    started: float


class Attempts:
    """Runs attempts; safe in many threads at once.

    Args:
        now: the wall clock in epoch milliseconds: due times travel between machines.
        around: what is entered around every attempt.
        limit: when failures of a type are retried in place of being given up; ``None`` for never.
    """

    def __init__(
        self,
        worker: Worker,
        emit: Callable[[Event], None],
        *,
        state: Any = None,
        now: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        random: Random | None = None,
        around: Around = lambda _task, _context: NOTHING,
        limit: DeadLetterLimit | None = None,
    ) -> None:
        self._worker = worker
        self._emit = emit
        self._state = state
        self._now = now
        self._around = around
        self._random = random or Random()  # noqa: S311 - jitter, not a secret
        self._limit = limit
        # Handlers end in many threads; what the limit has come to is told under it, and so in order.
        self._counting = threading.Lock()
        self.event_loop = EventLoop()

    def run(self, arrival: Arrival) -> End:
        """Bring one attempt to its end, in this thread. Whatever the handler raises becomes an outcome.

        Raises:
            CrashedHandler: the handler raised one of ``CRASHES``; the task has no outcome.
        """
        return self._run(arrival, self._call)

    def run_in_process(self, arrival: Arrival, slot: ProcessSlot) -> End:
        """As :meth:`run`, but for the handler itself, which another process runs."""
        slot.prepare()
        return self._run(arrival, partial(self._call_process, slot))

    async def run_async(self, arrival: Arrival) -> End:
        """As :meth:`run`, on the event loop, for an ``async def`` handler.

        Middleware is made of plain functions that wait for the handler: where there is any, it waits in a
        thread that lasts as long as the attempt.
        """
        attempt = self._begin(arrival)
        if not isinstance(attempt, Attempt):
            return attempt
        error: BaseException | None = None
        try:
            with self._around(attempt.task, attempt.context):
                if self._worker.middleware:
                    await in_thread(partial(self._through_middleware, attempt, self._call))
                else:
                    await within(self._call_function(attempt), attempt.context.remaining)
        except BaseException as raised:  # noqa: BLE001 - also asyncio.CancelledError; no task may end without an outcome
            error = raised
        return self._finish(attempt, error)

    def close(self) -> None:
        self.event_loop.close()

    def _run(self, arrival: Arrival, invoke: Invoke) -> End:
        attempt = self._begin(arrival)
        if not isinstance(attempt, Attempt):
            return attempt
        error: BaseException | None = None
        try:
            around = self._around(attempt.task, attempt.context)
            # A copy, so that a context variable set by one task is gone with it.
            variables = contextvars.copy_context()
            if around is NOTHING and not self._worker.middleware:  # as mostly
                variables.run(invoke, attempt)
            else:
                variables.run(self._within, around, attempt, invoke)
        except BaseException as raised:  # noqa: BLE001 - also asyncio.CancelledError; no task may end without an outcome
            error = raised
        return self._finish(attempt, error)

    def _begin(self, arrival: Arrival) -> Attempt | End:
        """The attempt, ready for its handler; or its end, if it must not get there."""
        if arrival.verdict is not Verdict.RUN:
            if arrival.verdict is Verdict.CONDEMNED:
                self._emit(TaskCondemned(arrival))
                return Dead(CONDEMNED)  # unread: what kills a process may well be its decoding
            self._emit(SuspectIsolated(arrival))
        try:
            handler, task = self._read(arrival)
        except DecodeError as error:
            end = Dead(describe_input(error, arrival.record))
            self._emit(AttemptEnded(arrival, "", "", end, 0.0))
            return end
        if task.expires_at is None and task.not_before is None and arrival.state.not_before is None:
            return self._start(arrival, handler, task)  # as nearly always: it may start at any time
        return self._before(arrival, task) or self._start(arrival, handler, task)

    def _read(self, arrival: Arrival) -> tuple[Handler, Task[Any]]:
        if arrival.fault is not None:
            raise arrival.fault
        handler = self._worker.handler(arrival.task_type or peek_type(arrival.record))
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
        elif due > now + FARTHEST:
            error = InvalidHeaders("not_before is more than 30 days ahead")
            end = Dead(describe_input(error, arrival.record))
        else:
            end = ends.Retry(due, None)
        self._emit(AttemptEnded(arrival, task.type, str(task.id), end, 0.0))
        return end

    def _start(self, arrival: Arrival, handler: Handler, task: Task[Any]) -> Attempt:
        started = time.monotonic()
        deadline = None if handler.timeout is None else started + handler.timeout
        arrival.context = context = TaskContext(
            task, arrival.state, arrival.record, deadline=deadline, state=self._state
        )
        task_id = str(task.id)
        self._emit(AttemptStarted(arrival, task.type, task_id))
        return Attempt(arrival, handler, task, context, task_id, started)

    def _finish(self, attempt: Attempt, error: BaseException | None) -> End:
        arrival, task = attempt.arrival, attempt.task
        if isinstance(error, CRASHES):
            self._emit(HandlerCrashed(arrival, type(error).__name__))
            raise CrashedHandler(f"handler of {task.type!r} raised {type(error).__name__}") from error
        now = time.monotonic()
        if attempt.context.overdue(now):  # and has ended before the poll thread saw it
            self._emit(AttemptTimedOut(arrival))
        end = self._done(task.type) if error is None else self._failed(error, attempt)
        self._emit(AttemptEnded(arrival, task.type, attempt.task_id, end, now - attempt.started))
        return end

    def _within(self, around: AbstractContextManager[None], attempt: Attempt, invoke: Invoke) -> None:
        with around:
            self._through_middleware(attempt, invoke)

    def _through_middleware(self, attempt: Attempt, invoke: Invoke) -> None:
        call: Callable[[], Any] = partial(invoke, attempt)
        for middleware in reversed(self._worker.middleware):
            call = partial(middleware, attempt.task, attempt.context, call)
        call()

    def _call(self, attempt: Attempt) -> Any:
        result = self._call_function(attempt)
        # Asked of the result, not of the function: a decorated or callable handler may hide its `async`.
        if result is not None and inspect.isawaitable(result):
            return self.event_loop.run(result, attempt.context.remaining)
        return result

    def _call_process(self, slot: ProcessSlot, attempt: Attempt) -> None:
        handler, context, settings = attempt.handler, attempt.context, self._worker.settings
        if handler.place is None:
            raise CrashedHandler(f"handler of {handler.name!r} is not one for a process")
        call = Call(
            handler.place,
            attempt.arrival.record,
            context.delivery,
            context.remaining,
            handler.wants_context,
            handler.retry,
            settings.max_task_bytes,
            settings.error_messages,
        )
        slot.run(call, context)

    def _call_function(self, attempt: Attempt) -> Any:
        handler, payload = attempt.handler, attempt.task.payload
        return handler.function(payload, attempt.context) if handler.wants_context else handler.function(payload)

    def _done(self, task_type: str) -> Done:
        limit = self._limit
        if limit is not None and limit.counts:
            with self._counting:
                if limit.done(task_type):
                    self._emit(DeadLettersResumed(task_type))
        return DONE

    def _failed(self, error: BaseException, attempt: Attempt) -> End:
        policy, state = attempt.handler.retry, attempt.arrival.state
        failure, judgement = self._judged(error, attempt)
        if failure.permanent or state.attempt >= policy.max_attempts:
            return self._given_up(failure, attempt)
        now, wait = self._now(), judgement.wait(policy, state.attempt, self._random_of(attempt))
        due = _due_in(wait, now)
        if policy.gives_up(due, state.first_failed_at or now):
            return self._given_up(failure, attempt)
        return ends.Retry(due, failure)

    def _given_up(self, failure: Failure, attempt: Attempt) -> End:
        """A dead letter, unless its type has too many of them and nothing is done."""
        limit, task_type = self._limit, attempt.task.type
        if limit is None:
            return Dead(failure)
        with self._counting:
            written = limit.give_up(task_type)
            if written and limit.reached(task_type):
                self._emit(DeadLettersStopped(task_type, limit.most))
        if written:
            return Dead(failure)
        delay = attempt.handler.retry.delay(attempt.arrival.state.attempt, self._random_of(attempt))
        return ends.Retry(_due_in(max(delay, SPARED_WAIT), self._now()), failure, spared=True)

    def _random_of(self, attempt: Attempt) -> Random:
        if attempt.handler.retry.jitter is Jitter.DECORRELATED:
            return Random(attempt.task.id.int)  # noqa: S311 - the same chain of delays at each attempt of the task
        return self._random

    def _judged(self, error: BaseException, attempt: Attempt) -> tuple[Failure, Judgement]:
        if isinstance(error, HandlerFailed):
            return error.failure, error.judgement
        told, judgement = judge(error, attempt.handler.retry, self._now() / 1_000)
        messages = self._worker.settings.error_messages
        return describe_judged(told, attempt.arrival.record, judgement, messages=messages), judgement


def _due_in(wait: float, now: int) -> int:
    """The clock has lost the fraction of its millisecond: round up, lest the retry be early by it."""
    return now + 1 + ceil(wait * 1_000)


def _due(arrival: Arrival, task: Task[Any]) -> int:
    """When the next attempt may start: the retry's time, or the ETA that the task itself carries."""
    if arrival.state.not_before is not None:
        return arrival.state.not_before
    eta = task.not_before if arrival.state.attempt == 1 else None
    return 0 if eta is None else milliseconds(eta)
