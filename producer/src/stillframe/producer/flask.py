"""Snapshots in Flask: an extension whose ``submit`` takes the request along."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol, cast

try:
    from flask import Flask, Request, Response, current_app, request
except ImportError as error:
    raise ImportError("stillframe.producer.flask needs Flask: pip install 'stillframe-producer[flask]'") from error

from stillframe.producer.bound import ForRequest
from stillframe.producer.capture import DEFAULT_HEADERS, Capture
from stillframe.producer.capture.payload import RequestInvalid, parse_payload
from stillframe.producer.capture.template import in_braces
from stillframe.producer.problem import ANSWERED, problem_of
from stillframe.producer.producer import Producer
from stillframe.producer.wsgi import RECORDING, SnapshotMiddleware, record, snapshot_of
from stillframe.schemas.errors import DefinitionError
from stillframe.schemas.snapshot import Snapshot
from stillframe.schemas.task_type import P

__all__ = [
    "DEFAULT_HEADERS",
    "Capture",
    "RequestInvalid",
    "Stillframe",
    "frozen_request",
    "install_errors",
    "payload_of",
]

EXTENSION: Final = "stillframe"


class Setup(NamedTuple):
    """What ``init_app`` leaves in ``app.extensions``."""

    producer: Producer
    capture: Capture


class Stillframe(ForRequest):
    """The extension: one object for all applications, which it finds through Flask's context.

    ``submit`` and the other methods work while a request is handled, in ``def`` and ``async def`` views;
    elsewhere they raise Flask's own RuntimeError. Outside of requests, submit with :attr:`producer`.

    Args:
        app: the application, unless :meth:`init_app` comes later.
        producer: by default one with settings from ``STILLFRAME_*`` variables. Making one connects
            nothing, so that it may be made before a server forks.
        capture: what snapshots are to hold.
    """

    def __init__(
        self, app: Flask | None = None, *, producer: Producer | None = None, capture: Capture | None = None
    ) -> None:
        self._producer = producer
        self._capture = capture
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, *, producer: Producer | None = None, capture: Capture | None = None) -> None:
        """Set an application up, with a producer or policy of its own if given: a recording one in tests.

        It puts a :class:`~stillframe.producer.wsgi.SnapshotMiddleware` around ``app.wsgi_app``.
        """
        setup = Setup(producer or self._producer or Producer(), capture or self._capture or Capture())
        app.extensions[EXTENSION] = setup
        app.wsgi_app = SnapshotMiddleware(app.wsgi_app, setup.capture)  # type: ignore[method-assign]

    @property
    def producer(self) -> Producer:
        """The current application's producer.

        Raises:
            DefinitionError: ``init_app`` was not called for it.
        """
        return _setup().producer

    @property
    def snapshot(self) -> Snapshot:
        """The current request's snapshot, as :func:`frozen_request` takes it."""
        return frozen_request()


def frozen_request() -> Snapshot:
    """The snapshot of the request being handled; it waits for the client only where the policy asks for the body.

    The policy's ``principal`` and ``context`` functions are called with Flask's request, in its context.

    Raises:
        RuntimeError: no request is being handled (Flask's own).
        PayloadTooLarge, BodyIncomplete, DefinitionError, FrozenError: as of
            :func:`stillframe.producer.wsgi.snapshot_of`.
    """
    now = _current()
    if RECORDING not in now.environ:  # Flask's test_request_context() goes past the middleware
        record(now.environ, _setup().capture)
    route = None if now.url_rule is None else in_braces(now.url_rule.rule)
    return snapshot_of(now, route=route, path_params=now.view_args or {})


def payload_of(model: type[P]) -> P:
    """The payload in the JSON body of the request being handled.

    Raises:
        RequestInvalid: the body is no JSON or does not fit; answer 422.
    """
    now = _current()
    return parse_payload(model, now.get_data(), now.content_type or "")


def install_errors(app: Flask) -> None:
    """Answer a request whose task could not be submitted, as ``application/problem+json`` (RFC 9457).

    Which error has which answer says :func:`~stillframe.producer.problem.problem_of`.
    """
    for kind in ANSWERED:
        app.register_error_handler(kind, _answer)


def _setup() -> Setup:
    try:
        return cast("Setup", current_app.extensions[EXTENSION])
    except KeyError:
        raise DefinitionError("nobody has set this application up: call Stillframe().init_app(app)") from None


def _answer(error: Exception) -> Response:
    problem = problem_of(error)
    if problem is None:
        raise error
    return Response(problem.body, problem.status.value, problem.headers)


class _Proxy(Protocol):
    def _get_current_object(self) -> Request: ...


def _current() -> Request:
    """The request itself: the proxy would be another one in another thread."""
    return cast("_Proxy", request)._get_current_object()
