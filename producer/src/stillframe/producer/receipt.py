"""The receipt of one submission: which task it is, and what the broker has said about it so far."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, Self

from stillframe.producer.callbacks import call, on_report_thread
from stillframe.producer.durability import Durability
from stillframe.producer.errors import SubmitError, SubmitUnknown
from stillframe.producer.report import Report


class Receipt:
    """One submission. ``receipt.result()`` and ``await receipt`` wait for the broker's report.

    Safe in any thread and event loop of the process that submitted. Abandoning a wait, by timeout
    or cancellation, leaves the submission alone.

    Attributes:
        task_id: what to answer the request with.
        topic: where the task was sent.
        durability: what its acknowledgement is worth.
    """

    __slots__ = ("_deadline", "_outcome", "_report", "durability", "task_id", "topic")

    def __init__(self, task_id: str, topic: str, durability: Durability, *, wait_at_most: float) -> None:
        self.task_id = task_id
        self.topic = topic
        self.durability = durability
        self._deadline = time.monotonic() + wait_at_most
        self._report: Report | None = None
        self._outcome: Future[None] = Future()
        # From here on cancel() fails: an await that is cancelled must not take the outcome with it.
        self._outcome.set_running_or_notify_cancel()

    @property
    def done(self) -> bool:
        """Whether the broker's report has come."""
        return self._report is not None

    @property
    def partition(self) -> int | None:
        """The partition it lies in, once acknowledged."""
        return self._report.partition if self._report and not self._report.error else None

    @property
    def offset(self) -> int | None:
        """The offset it lies at, once acknowledged; after a retry the broker may not say: None."""
        return self._report.offset if self._report and self._report.offset >= 0 else None

    @property
    def error(self) -> SubmitError | None:
        """Why it was not acknowledged, once that is known; for callbacks, which rather look than catch."""
        return None if self._report is None else self._report.error

    def result(self, timeout: float | None = None) -> Self:
        """Wait for the acknowledgement.

        Args:
            timeout: seconds; without it, until the delivery timeout of the submission has passed.

        Raises:
            SubmitFailed: the broker refused the task.
            SubmitUnknown: no report, or none in time. One may still come: see :attr:`done`.
        """
        limit = self._limit(timeout)
        if on_report_thread() and not self.done:
            raise SubmitUnknown(
                "a callback for reports cannot wait for a report: submit with Durability.ASYNC there",
                task_id=self.task_id,
            )
        try:
            self._outcome.result(limit)
        except TimeoutError:
            raise self._too_late(limit) from None
        return self

    async def aresult(self, timeout: float | None = None) -> Self:  # noqa: ASYNC109 - the twin of result()
        """As :meth:`result`, for a coroutine."""
        limit = self._limit(timeout)
        try:
            if not self._outcome.done():
                async with asyncio.timeout(limit):
                    await asyncio.wrap_future(self._outcome)
            self._outcome.result(0)
        except TimeoutError:
            raise self._too_late(limit) from None
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        return self.aresult().__await__()

    def add_done_callback(self, callback: Callable[[Self], object]) -> None:
        """Call it with this receipt once the report is there; at once, if it is.

        It runs on the thread that delivers all reports: do little there, and wait for nothing.
        """
        self._outcome.add_done_callback(lambda _: call(callback, self))

    def settle(self, report: Report) -> None:
        """Record the outcome. For the producer."""
        self._report = report
        if report.error is None:
            self._outcome.set_result(None)
        else:
            self._outcome.set_exception(report.error)

    def _limit(self, timeout: float | None) -> float:
        return max(0.0, self._deadline - time.monotonic()) if timeout is None else timeout

    def _too_late(self, limit: float) -> SubmitUnknown:
        return SubmitUnknown(
            f"no report from {self.topic!r} within {limit:.3g} s; it may still arrive", task_id=self.task_id
        )

    def __repr__(self) -> str:
        report = self._report
        if report is None:
            state = "unreported"
        else:
            state = type(report.error).__name__ if report.error else f"at {report.partition}:{report.offset}"
        return f"<Receipt {self.task_id} in {self.topic}: {state}>"
