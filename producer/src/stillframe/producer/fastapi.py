"""Snapshots in FastAPI: ``snapshot: FrozenRequest`` among an endpoint's parameters is all there is to it."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

try:
    from fastapi import Depends, FastAPI, Request
    from fastapi.responses import JSONResponse
    from starlette.requests import ClientDisconnect
except ImportError as error:
    raise ImportError(
        "stillframe.producer.fastapi needs FastAPI: pip install 'stillframe-producer[fastapi]'"
    ) from error

from stillframe.producer.asgi import SnapshotMiddleware, content_length, parts_of, recording_in, snapshot_of
from stillframe.producer.capture import DEFAULT_HEADERS, Capture
from stillframe.producer.capture.body import BodyIncomplete, check_size
from stillframe.producer.capture.freeze import freeze_request
from stillframe.producer.errors import SubmitError, SubmitRejected, SubmitUnknown
from stillframe.schemas.errors import DefinitionError, PayloadTooLarge
from stillframe.schemas.snapshot import Snapshot

__all__ = ["DEFAULT_HEADERS", "Capture", "FrozenRequest", "SnapshotMiddleware", "install_errors"]

#: The name of the policy in ``app.state``, for applications without the middleware.
POLICY_ATTRIBUTE: Final = "stillframe_capture"
#: Seconds after which a client may try again: a full local queue drains in less.
RETRY_AFTER: Final = 1


async def frozen_request(request: Request) -> Snapshot:
    """The dependency behind :data:`FrozenRequest`; FastAPI calls it once per request.

    The policy is that of :class:`~stillframe.producer.asgi.SnapshotMiddleware` if there is one around
    the application, else ``app.state.stillframe_capture``, else ``Capture()``.

    Raises:
        PayloadTooLarge: the policy asks for the body, and it is over the limit.
        BodyIncomplete: the policy asks for the body, and the client disconnected before its end.
        DefinitionError: the policy asks for the body, and a form parser took it; the middleware
            copies it in time.
    """
    if recording_in(request.scope):
        return await snapshot_of(request)
    capture: Capture = getattr(request.app.state, POLICY_ATTRIBUTE, None) or Capture()
    received_at = datetime.now(UTC)
    body = await _body(request, capture.body) if capture.body else None
    return freeze_request(parts_of(request.scope, received_at=received_at, body=body), capture, request)


#: The frozen request, for endpoints that are ``def`` or ``async def``.
FrozenRequest = Annotated[Snapshot, Depends(frozen_request)]


def install_errors(app: FastAPI) -> None:
    """Answer a request whose task could not be submitted, as ``application/problem+json`` (RFC 9457).

    A body or task over its limit: 413. ``SubmitRejected`` and ``SubmitUnknown``: 503 with Retry-After;
    other submit errors: 503. A client that went away: 400. A mounted application needs its own call.
    """
    app.add_exception_handler(PayloadTooLarge, _too_large)
    app.add_exception_handler(SubmitError, _not_submitted)
    app.add_exception_handler(BodyIncomplete, _incomplete)


async def _body(request: Request, limit: int) -> bytes:
    """The body, which Starlette keeps for the endpoint; only Content-Length tells its size beforehand."""
    check_size(content_length(request.scope) or 0, limit)
    try:
        body = await request.body()
    except ClientDisconnect:
        raise BodyIncomplete("the client disconnected before it had sent the whole body") from None
    except RuntimeError:
        raise DefinitionError(
            "the body was consumed before it could be captured (as a form, perhaps): "
            "add it in time with app.add_middleware(SnapshotMiddleware, capture=…)"
        ) from None
    check_size(len(body), limit)
    return body


async def _too_large(_: Request, error: Exception) -> JSONResponse:
    limit = getattr(error, "limit", None)
    return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The request is too large; the limit is {limit} bytes.")


async def _incomplete(_: Request, __: Exception) -> JSONResponse:
    return _problem(HTTPStatus.BAD_REQUEST, "The request body is incomplete.")


async def _not_submitted(_: Request, error: Exception) -> JSONResponse:
    """What went wrong inside stays inside: the client learns what it may do."""
    match error:
        case SubmitRejected():
            detail = "The task was not accepted: too many are waiting. Nothing was done; try again."
        case SubmitUnknown():
            detail = "It is not known whether the task was accepted; it may still be done."
        case _:
            detail = "The task was not accepted. Nothing was done."
    temporary = isinstance(error, SubmitRejected | SubmitUnknown)
    task_id = getattr(error, "task_id", None)
    return _problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        detail,
        headers={"Retry-After": str(RETRY_AFTER)} if temporary else None,
        **({"task_id": task_id} if task_id else {}),
    )


def _problem(
    status: HTTPStatus, detail: str, *, headers: dict[str, str] | None = None, **members: Any
) -> JSONResponse:
    content = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return JSONResponse(content | members, status.value, headers=headers, media_type="application/problem+json")
