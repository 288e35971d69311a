"""What a worker and its handler processes say to each other: a call, a cancellation, a reply.

The pipe is between a process and its own child, so that pickle is safe; the task itself travels as the
record's bytes, and is read in the child as it was in the worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stillframe.consumer.dispatch.address import Address
from stillframe.consumer.errors import HandlerProcessError
from stillframe.consumer.outcome.classify import Cause, Failure
from stillframe.consumer.outcome.judge import Judgement
from stillframe.consumer.retry import Retry
from stillframe.schemas import Delivery, Record

#: Sent while a call runs: nobody waits for it any more.
CANCEL: Final = b"cancel"
#: Sent once by the child: it has imported the handlers.
READY: Final = b"ready"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a handler and its payload's model are found, and what of the task type reading a record takes."""

    function: Address
    payload: Address
    task_type: str
    topic: str


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt.

    Attributes:
        remaining: seconds until the timeout, if there is one.
        retry: its rules decide which failures are permanent.
        messages: whether a failure keeps the redacted first line of the error.
    """

    place: Place
    record: Record
    delivery: Delivery
    remaining: float | None
    wants_context: bool
    retry: Retry
    max_bytes: int
    messages: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """How a call has ended.

    Attributes:
        failure: ``None`` if the handler returned.
        retry_after: seconds that were asked for, by the handler or by what it called.
        last: the process ends with this reply, as after SystemExit or MemoryError.
    """

    failure: Failure | None = None
    retry_after: float | None = None
    last: bool = False


class HandlerFailed(HandlerProcessError):
    """A handler in another process raised an error, which is told here as it is told everywhere.

    Attributes:
        failure: what it was.
        judgement: what it calls for.
    """

    def __init__(self, failure: Failure, retry_after: float | None) -> None:
        super().__init__(f"{failure.type}: {failure.message}")
        self.failure = failure
        self.judgement = Judgement(failure.permanent, retry_after, failure.cause is Cause.ASKED)
