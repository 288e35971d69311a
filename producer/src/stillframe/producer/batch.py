"""What becomes of the tasks of one ``submit_many``: each ends with a receipt or an error, none in silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from stillframe.producer.errors import SubmitError, SubmitIncomplete, SubmitRejected
from stillframe.producer.receipt import Receipt
from stillframe.producer.submission import Submission


class Batch:
    """Receipts and errors by the index of the payload.

    Args:
        submissions: the tasks on the wire, in the order of the payloads.
    """

    def __init__(self, submissions: Sequence[Submission[Any]]) -> None:
        self._submissions = submissions
        self._rejected: SubmitRejected | None = None
        self.errors: dict[int, SubmitError] = {}
        self.receipts: dict[int, Receipt] = {}

    def to_send(self) -> Iterator[tuple[int, Submission[Any]]]:
        """The tasks in order. After one was rejected no other is tried: each would wait as long in vain."""
        for index, submission in enumerate(self._submissions):
            if self._rejected is None:
                yield index, submission
            else:
                reason = self._rejected.args[0]
                self.errors[index] = type(self._rejected)(reason, task_id=submission.task_id)

    def to_await(self) -> Iterator[tuple[int, Receipt]]:
        """The tasks that were handed over."""
        yield from list(self.receipts.items())

    @contextmanager
    def errors_of(self, index: int) -> Iterator[None]:
        """Keep the error of one task as its end."""
        try:
            yield
        except SubmitError as error:
            self.errors[index] = error
            self.receipts.pop(index, None)
            if isinstance(error, SubmitRejected):
                self._rejected = error

    def result(self) -> list[Receipt]:
        """The receipts in order.

        Raises:
            SubmitIncomplete: there is an error.
        """
        if self.errors:
            raise SubmitIncomplete(self.errors, self.receipts)
        return list(self.receipts.values())
