"""Snapshots of WSGI requests: one middleware, and ``snapshot_of(environ)`` wherever one is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from stillframe.producer.capture import DEFAULT_HEADERS, Capture
from stillframe.producer.capture.body import BodyIncomplete
from stillframe.producer.capture.freeze import RequestParts, freeze_request
from stillframe.producer.capture.input import InputCopy
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

Environ = dict[str, Any]
App = Callable[[Environ, Any], Iterable[bytes]]

#: Where in the environ the middleware leaves what it has recorded.
RECORDING: Final = "stillframe.recording"
#: The two headers that CGI does not mark as such, and how it would mark all others.
UNMARKED: Final = {"CONTENT_TYPE": b"content-type", "CONTENT_LENGTH": b"content-length"}
MARK: Final = "HTTP_"


@frozen
class Recording:
    """What the middleware knows of one request. The snapshot itself is made when it is asked for:
    only then has the application found the route, and most requests need none."""

    capture: Capture
    received_at: datetime
    body: InputCopy | None


class SnapshotMiddleware:
    """Pure WSGI middleware that lets ``snapshot_of(environ)`` work in the application beneath it.

    It reads nothing by itself. If the policy asks for the body, what the application reads is copied,
    up to the policy's limit; what it has not read when a snapshot is taken is read ahead for it.

    Args:
        app: the WSGI application.
        capture: what snapshots are to hold; by default the headers of
            :data:`~stillframe.producer.capture.policy.DEFAULT_HEADERS` and no body.
    """

    def __init__(self, app: App, capture: Capture | None = None) -> None:
        self.app = app
        self.capture = capture or Capture()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        record(environ, self.capture)
        return self.app(environ, start_response)


def snapshot_of(request: Any, *, route: str | None = None, path_params: Mapping[str, Any] = {}) -> Snapshot:
    """The snapshot of the request being handled. It waits for the client only where the policy asks for the body.

    Args:
        request: the environ, or a request that has it as ``.environ``, as Werkzeug's and WebOb's have.
            The policy's ``principal`` and ``context`` functions are called with this same object.
        route: the template that matched, such as ``/users/{user_id}``: WSGI itself has no word for it.
        path_params: what its parameters matched.

    Raises:
        PayloadTooLarge: the body is over the policy's limit; answer 413.
        BodyIncomplete: the client disconnected before it had sent the whole body, or the server does
            not tell where a chunked one ends.
        DefinitionError: there is no :class:`SnapshotMiddleware` around the application.
        FrozenError: a function of the policy returned what JSON cannot hold.
    """
    environ: Environ = getattr(request, "environ", request)
    recording: Recording | None = environ.get(RECORDING)
    if recording is None:
        raise DefinitionError("nothing was recorded of this request: wrap the application in SnapshotMiddleware(app)")
    body = None if recording.body is None else recording.body.copy()
    parts = parts_of(environ, received_at=recording.received_at, body=body)
    return freeze_request(parts._replace(route=route, path_params=path_params), recording.capture, request)


def record(environ: Environ, capture: Capture) -> None:
    """Note when the request came, and stand in for its stream if the policy asks for the body."""
    body = None
    if capture.body:
        body = environ["wsgi.input"] = InputCopy(
            environ["wsgi.input"],
            capture.body,
            content_length(environ),
            ends="wsgi.input_terminated" in environ,
            chunked="HTTP_TRANSFER_ENCODING" in environ,
        )
    environ[RECORDING] = Recording(capture, datetime.now(UTC), body)


def parts_of(environ: Mapping[str, Any], *, received_at: datetime, body: bytes | None) -> RequestParts:
    """An environ (PEP 3333) in plain values; its text is bytes in disguise, each a character of Latin-1."""
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return RequestParts(
        method=environ["REQUEST_METHOD"],
        path=path.encode("latin-1").decode(errors="replace"),
        query=environ.get("QUERY_STRING", "").encode("latin-1"),
        headers=headers_of(environ),
        received_at=received_at,
        peer=environ.get("REMOTE_ADDR"),
        body=body,
    )


def headers_of(environ: Mapping[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    """The request's headers as far as CGI keeps them: in the server's order, repeats joined by commas.

    ``X-Tenant`` and ``X_Tenant`` are one name there, written with hyphens here.
    """
    for name, value in environ.items():
        if name in UNMARKED:
            if value:
                yield UNMARKED[name], value.encode("latin-1")
        elif name.startswith(MARK) and name.removeprefix(MARK) not in UNMARKED:
            yield name.removeprefix(MARK).replace("_", "-").encode("latin-1"), value.encode("latin-1")


def content_length(environ: Mapping[str, Any]) -> int | None:
    """The declared size of the body in bytes; None if it is not declared, or not as a number."""
    declared = environ.get("CONTENT_LENGTH") or ""
    return int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 20 else None
