"""Snapshots in FastAPI: ``snapshot: FrozenRequest`` among an endpoint's parameters is all there is to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Final, cast

try:
    from fastapi import Depends, FastAPI, Request, Response
    from fastapi.exceptions import RequestValidationError
    from starlette.requests import ClientDisconnect
except ImportError as error:
    raise ImportError(
        "stillframe.producer.fastapi needs FastAPI: pip install 'stillframe-producer[fastapi]'"
    ) from error

from stillframe.producer.asgi import SnapshotMiddleware, content_length, parts_of, recording_in, snapshot_of
from stillframe.producer.bound import BoundProducer
from stillframe.producer.capture import DEFAULT_HEADERS, Capture
from stillframe.producer.capture.body import BodyIncomplete, check_size
from stillframe.producer.capture.freeze import freeze_request
from stillframe.producer.capture.payload import faults_of
from stillframe.producer.problem import ANSWERED, invalid, problem_of
from stillframe.producer.producer import Producer
from stillframe.schemas.errors import DefinitionError
from stillframe.schemas.snapshot import Snapshot

__all__ = [
    "DEFAULT_HEADERS",
    "Capture",
    "FrozenRequest",
    "RequestProducer",
    "SnapshotMiddleware",
    "install_errors",
    "install_validation_errors",
    "lifespan",
    "producer_of",
]

#: The name of the policy in ``app.state``, for applications without the middleware.
POLICY_ATTRIBUTE: Final = "stillframe_capture"
#: The name of the producer there.
PRODUCER_ATTRIBUTE: Final = "stillframe_producer"


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


def lifespan(producer: Producer) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """For ``FastAPI(lifespan=lifespan(producer))``: connected before the first request, closed after the last.

    A lifespan of one's own does the same with ``async with producer:`` and
    ``app.state.stillframe_producer = producer``.
    """

    @asynccontextmanager
    async def around(app: FastAPI) -> AsyncIterator[None]:
        async with producer:
            setattr(app.state, PRODUCER_ATTRIBUTE, producer)
            yield

    return around


def producer_of(request: Request) -> Producer:
    """The application's producer, as a dependency: tests put another in its place with
    ``app.dependency_overrides[producer_of] = lambda: recording_producer``.

    Raises:
        DefinitionError: nobody has set one.
    """
    producer: Producer | None = getattr(request.app.state, PRODUCER_ATTRIBUTE, None)
    if producer is None:
        raise DefinitionError("the application has no producer: FastAPI(lifespan=lifespan(producer)) gives it one")
    return producer


def request_producer(snapshot: FrozenRequest, producer: Annotated[Producer, Depends(producer_of)]) -> BoundProducer:
    """The dependency behind :data:`RequestProducer`."""
    return BoundProducer(producer, snapshot)


#: The application's producer for one request: each task it submits carries the frozen request.
RequestProducer = Annotated[BoundProducer, Depends(request_producer)]


def install_errors(app: FastAPI) -> None:
    """Answer a request whose task could not be submitted, as ``application/problem+json`` (RFC 9457).

    Which error has which answer says :func:`~stillframe.producer.problem.problem_of`. A mounted
    application needs its own call.
    """
    for kind in ANSWERED:
        app.add_exception_handler(kind, _answer)


def install_validation_errors(app: FastAPI) -> None:
    """Answer what FastAPI finds wrong with a request in the same form, in place of its own: 422 with
    ``errors``, each with its ``detail`` and its place, and without the value that was sent."""
    app.add_exception_handler(RequestValidationError, _invalid)


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


async def _answer(_: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if problem is None:
        raise error
    return Response(problem.body, problem.status.value, problem.headers)


async def _invalid(_: Request, error: Exception) -> Response:
    problem = invalid(faults_of(cast("RequestValidationError", error).errors()))
    return Response(problem.body, problem.status.value, problem.headers)
