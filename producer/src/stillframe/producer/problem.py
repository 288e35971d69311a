"""What to answer when a task could not be submitted: ``application/problem+json`` (RFC 9457).

Nothing here knows a web framework; each of their modules has one line that installs it.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, Final

from stillframe.producer.capture.body import BodyIncomplete
from stillframe.producer.capture.payload import RequestInvalid
from stillframe.producer.errors import SubmitError, SubmitRejected, SubmitUnknown
from stillframe.schemas.errors import PayloadTooLarge
from stillframe.schemas.frozen import FrozenMapping, frozen, thaw

#: The errors that have an answer; all others are the application's own mistakes.
ANSWERED: Final = (PayloadTooLarge, RequestInvalid, BodyIncomplete, SubmitError)
MEDIA_TYPE: Final = "application/problem+json"
#: Seconds after which a client may try again: a full local queue drains in less.
RETRY_AFTER: Final = 1


@frozen
class Problem:
    """One answer, in plain values.

    Attributes:
        members: of the JSON object, beside ``type``, ``title``, ``status`` and ``detail``.
        retry_after: seconds, where trying again helps.
    """

    status: HTTPStatus
    detail: str
    retry_after: int | None = None
    members: FrozenMapping = FrozenMapping()

    @property
    def headers(self) -> dict[str, str]:
        retry = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return {"Content-Type": MEDIA_TYPE, **retry}

    @property
    def body(self) -> bytes:
        known: dict[str, Any] = {
            "type": "about:blank", "title": self.status.phrase, "status": self.status.value, "detail": self.detail,
        }  # fmt: skip
        return json.dumps(known | thaw(self.members)).encode()


def problem_of(error: Exception) -> Problem | None:
    """The answer to a request that ended with this error, or None if it is no matter of the client's.

    A body or task over its limit: 413. A body that does not fit: 422. ``SubmitRejected`` and
    ``SubmitUnknown``: 503 with Retry-After; other submit errors: 503. A client that went away: 400.
    What went wrong inside stays inside: the client learns what it may do.
    """
    match error:
        case PayloadTooLarge():
            detail = f"The request is too large; the limit is {error.limit} bytes."
            return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
        case RequestInvalid():
            return invalid(error.faults)
        case BodyIncomplete():
            return Problem(HTTPStatus.BAD_REQUEST, "The request body is incomplete.")
        case SubmitError():
            return _not_submitted(error)
    return None


def invalid(faults: tuple[FrozenMapping, ...]) -> Problem:
    """The answer to a request that can be read and does not fit."""
    members = FrozenMapping({"errors": faults})
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The request does not fit; see errors.", members=members)


def _not_submitted(error: SubmitError) -> Problem:
    match error:
        case SubmitRejected():
            detail = "The task was not accepted: too many are waiting. Nothing was done; try again."
        case SubmitUnknown():
            detail = "It is not known whether the task was accepted; it may still be done."
        case _:
            detail = "The task was not accepted. Nothing was done."
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        detail,
        RETRY_AFTER if isinstance(error, SubmitRejected | SubmitUnknown) else None,
        FrozenMapping({"task_id": error.task_id} if error.task_id else {}),
    )
