"""Snapshots of ASGI requests: one middleware, and ``await snapshot_of(scope)`` wherever one is wanted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final

from stillframe.producer.capture import DEFAULT_HEADERS, Capture
from stillframe.producer.capture.body import BodyCopy, BodyIncomplete, Receive
from stillframe.producer.capture.freeze import RequestParts, freeze_request
from stillframe.producer.capture.route import route_template
from stillframe.schemas.errors import DefinitionError, PayloadTooLarge
from stillframe.schemas.frozen import frozen
from stillframe.schemas.snapshot import Snapshot

__all__ = [
    "DEFAULT_HEADERS",
    "BodyIncomplete",
    "Capture",
    "PayloadTooLarge",
    "SnapshotMiddleware",
    "snapshot_of",
]

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Where in ``scope["state"]`` the middleware leaves what it has recorded.
STATE_KEY: Final = "stillframe"


@frozen
class Recording:
    """What the middleware knows of one request. The snapshot itself is made when it is asked for:
    only then has the application's router found the route, and most requests need none."""

    capture: Capture
    received_at: datetime
    body: BodyCopy | None


class SnapshotMiddleware:
    """Pure ASGI middleware that lets ``await snapshot_of(scope)`` work in the application beneath it.

    It reads nothing by itself. If the policy asks for the body, what the application reads is copied,
    up to the policy's limit; what it has not read when a snapshot is taken is read ahead for it.
    Requests other than HTTP pass through untouched.

    Args:
        app: the ASGI application.
        capture: what snapshots are to hold; by default the headers of
            :data:`~stillframe.producer.capture.policy.DEFAULT_HEADERS` and no body.
    """

    def __init__(self, app: App, capture: Capture | None = None) -> None:
        self.app = app
        self.capture = capture or Capture()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.capture.body
        body = BodyCopy(receive, limit, content_length(scope)) if limit else None
        scope.setdefault("state", {})[STATE_KEY] = Recording(self.capture, datetime.now(UTC), body)
        await self.app(scope, body.receive if body else receive, send)


async def snapshot_of(request: Any) -> Snapshot:
    """The snapshot of the request being handled. It waits only where the policy asks for the body.

    Args:
        request: the ASGI scope, or a request that has it as ``.scope``, as Starlette's has. The
            policy's ``principal`` and ``context`` functions are called with this same object.

    Raises:
        PayloadTooLarge: the body is over the policy's limit; answer 413.
        BodyIncomplete: the client disconnected before it had sent the whole body.
        DefinitionError: there is no :class:`SnapshotMiddleware` around the application.
        FrozenError: a function of the policy returned what JSON cannot hold.
    """
    scope = getattr(request, "scope", request)
    recording = recording_in(scope)
    if recording is None:
        raise DefinitionError("nothing was recorded of this request: wrap the application in SnapshotMiddleware(app)")
    body = None if recording.body is None else await recording.body.read()
    parts = parts_of(scope, received_at=recording.received_at, body=body)
    return freeze_request(parts, recording.capture, request)


def recording_in(scope: Mapping[str, Any]) -> Recording | None:
    """What a middleware has recorded of this request, if there is one."""
    recording: Recording | None = scope.get("state", {}).get(STATE_KEY)
    return recording


def parts_of(scope: Mapping[str, Any], *, received_at: datetime, body: bytes | None) -> RequestParts:
    """An HTTP scope (ASGI 3.0, HTTP & WebSocket specification 2.x) in plain values."""
    client = scope.get("client")
    return RequestParts(
        method=scope["method"],
        path=scope["path"],
        query=scope.get("query_string", b""),
        headers=scope["headers"],
        received_at=received_at,
        peer=client[0] if client else None,
        route=route_template(scope),
        path_params=scope.get("path_params", {}),
        body=body,
    )


def content_length(scope: Mapping[str, Any]) -> int | None:
    """The declared size of the body in bytes; None if it is not declared, or not as a number."""
    declared = next((value for name, value in scope["headers"] if name.lower() == b"content-length"), b"")
    return int(declared) if declared.isdigit() and len(declared) < 20 else None
