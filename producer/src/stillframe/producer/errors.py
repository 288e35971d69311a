"""The ways in which handing a task to Kafka ends badly: see the tree in :mod:`stillframe.schemas.errors`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from stillframe.schemas.errors import PayloadTooLarge, StillframeError

if TYPE_CHECKING:
    from stillframe.producer.receipt import Receipt

__all__ = [
    "PayloadTooLarge",
    "ProducerClosed",
    "SubmitError",
    "SubmitFailed",
    "SubmitIncomplete",
    "SubmitRejected",
    "SubmitUnknown",
]


class SubmitError(StillframeError):
    """The producer could not hand a task to Kafka, or does not know whether it did.

    Attributes:
        task_id: the task it is about, once that is known.
    """

    def __init__(self, message: str, *, task_id: str | None = None) -> None:
        super().__init__(message)
        self.task_id = task_id

    def __str__(self) -> str:
        message = super().__str__()
        return message if self.task_id is None else f"task {self.task_id}: {message}"


class SubmitRejected(SubmitError):
    """The local queue stayed full past its deadline. Nothing was sent: answer 503."""


class ProducerClosed(SubmitRejected):
    """The producer was closed before the call, or while it waited for a place. Nothing was sent."""


class SubmitFailed(SubmitError):
    """The broker, or the client on its behalf, refused the task. It is not in the log."""


class SubmitUnknown(SubmitError):
    """No report came in time. The task may be in the log already, or still arrive there."""


class SubmitIncomplete(SubmitError):
    """``submit_many`` did not get every task acknowledged. No task of the call is missing from it.

    Attributes:
        errors: index of the payload to its own error, in rising order.
        receipts: index of the payload to its receipt, for all others: acknowledged, or handed over
            if the durability is ``ASYNC``.
    """

    def __init__(self, errors: Mapping[int, SubmitError], receipts: Mapping[int, Receipt]) -> None:
        self.errors = dict(sorted(errors.items()))
        self.receipts = dict(sorted(receipts.items()))
        first = next(iter(self.errors))
        super().__init__(
            f"{len(self.errors)} of {len(self.errors) + len(self.receipts)} tasks were not acknowledged "
            f"({_counted(self.errors.values())}); the first is payload {first}: {self.errors[first]}"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return SubmitIncomplete, (self.errors, self.receipts)


def _counted(errors: Iterable[SubmitError]) -> str:
    kinds = Counter(type(error).__name__ for error in errors)
    return ", ".join(f"{number} {kind}" for kind, number in kinds.items())
