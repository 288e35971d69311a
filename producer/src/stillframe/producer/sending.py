"""One submission under way: its receipt, its span, and the report that ends both."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from stillframe.producer.durability import Durability
from stillframe.producer.errors import SubmitError
from stillframe.producer.receipt import Receipt
from stillframe.producer.report import Report
from stillframe.producer.submission import Submission
from stillframe.producer.tracing import SendSpan
from stillframe.schemas.record import RecordHeaders


class Sending:
    """As a context manager it surrounds the hand-over: an error there is the submission's end.

    Args:
        durability: what the acknowledgement will be worth.
        wait_at_most: seconds that ``receipt.result()`` waits.
        client_id: the submitting service.
    """

    def __init__(
        self, submission: Submission[Any], durability: Durability, *, wait_at_most: float, client_id: str
    ) -> None:
        self._span = SendSpan(submission, client_id)
        self.receipt = Receipt(submission.task_id, submission.topic, durability, wait_at_most=wait_at_most)
        self.headers: RecordHeaders = submission.wire.headers + self._span.headers

    def report(self, report: Report) -> None:
        """The client's report has come."""
        if report.error is None:
            self._span.acknowledged(report.partition, report.offset)
        else:
            self._fail(report.error)
        self.receipt.settle(report)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if isinstance(error, SubmitError):
            self._fail(error)

    def _fail(self, error: SubmitError) -> None:
        error.task_id = self.receipt.task_id
        self._span.failed(error)
