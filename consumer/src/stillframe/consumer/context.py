"""What a handler may know of the delivery it runs for."""

from __future__ import annotations

import threading
import time
from functools import cached_property
from typing import Any, Final, Self

from stillframe.schemas import Delivery, Headers, Record, Snapshot, Task
from stillframe.schemas.headers import DeliveryState, moment

#: So that two threads of one handler wait on the same event.
WAKING: Final = threading.Lock()


class TaskContext:
    """The second argument of a handler that asks for one; safe to read from any thread.

    Args:
        delivery: this arrival, or the state that it is made of once it is asked for.

    Attributes:
        task: the task as it was submitted.
        deadline: ``time.monotonic()`` at which the handler's timeout ends, if it has one.
        state: what the worker's lifespan yielded; ``None`` in a handler process, which has none of its own.
    """

    def __init__(
        self,
        task: Task[Any],
        delivery: Delivery | DeliveryState,
        record: Record,
        *,
        deadline: float | None = None,
        state: Any = None,
    ) -> None:
        self.task = task
        self._delivered = delivery
        self.deadline = deadline
        self.state = state
        self._record = record
        self._cancelled = False
        # What a handler waits on, made by the first that does: few do, and an event costs more than all the rest.
        self._wake: threading.Event | None = None
        #: Set once by the worker when the deadline has passed.
        self.timed_out = False

    @classmethod
    def lasting(cls, task: Task[Any], delivery: Delivery, record: Record, seconds: float | None) -> Self:
        """A context whose timeout ends in so many seconds, if it has one."""
        return cls(task, delivery, record, deadline=None if seconds is None else time.monotonic() + seconds)

    @cached_property
    def delivery(self) -> Delivery:
        """This arrival: attempt number and position. Made when it is asked for: few handlers do."""
        given, record = self._delivered, self._record
        if isinstance(given, Delivery):
            return given
        first_failed_at = moment(given.first_failed_at)
        return Delivery(given.attempt, record.topic, record.partition, record.offset, first_failed_at)

    @property
    def task_id(self) -> str:
        """The same at every attempt and every duplicate: make the handler idempotent on it."""
        return str(self.task.id)

    @property
    def attempt(self) -> int:
        return self._delivered.attempt

    @property
    def snapshot(self) -> Snapshot | None:
        return self.task.snapshot

    @cached_property
    def headers(self) -> Headers:
        """The record's headers as text."""
        return Headers.of((name, (value or b"").decode(errors="replace")) for name, value in self._record.headers)

    @property
    def cancelled(self) -> bool:
        """True once nobody waits for the result any more: timed out, stopping, or the partition has left.

        A thread cannot be stopped from outside: a long handler looks here and returns early.
        """
        return self._cancelled

    @property
    def remaining(self) -> float | None:
        """Seconds until the deadline, never below 0; ``None`` without a timeout."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def overdue(self, now: float) -> bool:
        """True at the first call after the deadline. Called by the worker."""
        if self.timed_out or self.deadline is None or now < self.deadline:
            return False
        self.timed_out = True
        return True

    def cancel(self) -> None:
        """Ask the handler to return early. Called by the worker."""
        self._cancelled = True
        if self._wake is not None:
            self._wake.set()

    def wait_cancelled(self, timeout: float) -> bool:
        """Sleep up to ``timeout`` seconds, waking at once when cancelled; returns ``cancelled``."""
        with WAKING:
            if self._wake is None:
                self._wake = threading.Event()
        # `cancel` sets the flag before it looks for whom to wake, this looks at the flag after it can be woken.
        return self._cancelled or self._wake.wait(timeout)

    def __repr__(self) -> str:
        return f"<TaskContext {self.task_id} attempt {self.attempt}>"
