"""From Django's request to a snapshot, be it behind WSGI or ASGI."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError

from stillframe.producer import asgi, wsgi
from stillframe.producer.capture import Capture
from stillframe.producer.capture.body import BodyIncomplete
from stillframe.producer.capture.freeze import RequestParts, freeze_request
from stillframe.producer.capture.input import InputCopy
from stillframe.producer.capture.payload import parse_payload
from stillframe.producer.django.routes import path_params, route_template
from stillframe.producer.django.settings import capture
from stillframe.producer.django.stream import FileCopy
from stillframe.producer.wsgi import Recording
from stillframe.schemas.errors import DefinitionError, PayloadTooLarge
from stillframe.schemas.snapshot import Snapshot
from stillframe.schemas.task_type import P

#: The attribute of the request in which the middleware leaves what it has recorded.
ATTRIBUTE: Final = "_stillframe_recording"


def record(request: HttpRequest, policy: Capture) -> None:
    """Note when the request came, and stand in for its stream if the policy asks for the body."""
    body: InputCopy | None = None
    if policy.body:
        # Django has no public place for this, and none of its own readers goes past this attribute.
        stream: Any = request._stream
        length = wsgi.content_length(request.META)
        if _scope(request) is not None:
            body = FileCopy(stream, policy.body, length, ends=True)
        else:
            body = InputCopy(stream, policy.body, length, chunked="HTTP_TRANSFER_ENCODING" in request.META)
        request._stream = body  # type: ignore[assignment]
    setattr(request, ATTRIBUTE, Recording(policy, datetime.now(UTC), body))


def snapshot_of(request: HttpRequest) -> Snapshot:
    """The snapshot of the request being handled. Without the middleware it is one by ``STILLFRAME["CAPTURE"]``.

    The policy's ``principal`` and ``context`` functions are called with the request. In async views
    take :func:`asnapshot_of` if they use the database.

    Raises:
        PayloadTooLarge: the body is over the policy's limit; answer 413.
        BodyIncomplete: the client disconnected before it had sent the whole body, or sent a chunked one
            under WSGI, where Django does not read those.
        DefinitionError: the policy asks for the body, and there is no ``SnapshotMiddleware`` to copy it.
        FrozenError: a function of the policy returned what JSON cannot hold.
    """
    recording = _recording(request)
    body = None if recording.body is None else recording.body.copy()
    parts = _parts(request, recording.received_at, body)._replace(
        method=request.method or "GET",
        path=request.path,
        route=route_template(request.resolver_match),
        path_params=path_params(request.resolver_match),
    )
    return freeze_request(parts, recording.capture, request)


async def asnapshot_of(request: HttpRequest) -> Snapshot:
    """As :func:`snapshot_of`, for async views: the policy's functions run where they may use the database."""
    policy = _recording(request).capture
    if policy.principal or policy.context:
        return await sync_to_async(snapshot_of)(request)
    return snapshot_of(request)


def payload_of(request: HttpRequest, model: type[P]) -> P:
    """The payload in the request's JSON body, in views that are sync or async.

    Raises:
        RequestInvalid: the body is no JSON or does not fit; answer 422.
        PayloadTooLarge: it is over Django's ``DATA_UPLOAD_MAX_MEMORY_SIZE``; answer 413.
        BodyIncomplete: the client disconnected before it had sent the whole body.
    """
    try:
        body = request.body
    except RequestDataTooBig:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        raise PayloadTooLarge("request body", size=limit + 1, limit=limit) from None
    except UnreadablePostError as error:
        raise BodyIncomplete("the client disconnected before it had sent the whole body") from error
    return parse_payload(model, body, request.headers.get("content-type", ""))


def _recording(request: HttpRequest) -> Recording:
    found: Recording | None = getattr(request, ATTRIBUTE, None)
    if found is not None:
        return found
    policy = capture()
    if policy.body:
        raise DefinitionError(
            "nothing was recorded of this request, and the policy asks for its body: "
            "add 'stillframe.producer.django.SnapshotMiddleware' to MIDDLEWARE"
        )
    return Recording(policy, datetime.now(UTC), None)


def _parts(request: HttpRequest, received_at: datetime, body: bytes | None) -> RequestParts:
    scope = _scope(request)
    if scope is not None:
        parts = asgi.parts_of(scope, received_at=received_at, body=body)
        # Servers have it in bytes; Django's AsyncClient has text.
        query: Any = parts.query
        return parts._replace(query=query.encode() if isinstance(query, str) else query)
    return wsgi.parts_of(request.META, received_at=received_at, body=body)


def _scope(request: HttpRequest) -> Mapping[str, Any] | None:
    """What the server said of the request, if it is one of ASGI's: repeated headers are apart there."""
    return getattr(request, "scope", None)
