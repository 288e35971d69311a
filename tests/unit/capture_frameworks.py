"""The same small application in each web framework, for the tests that every capture must pass.

A framework is a function that takes a policy and a request and says what came of it. To add one,
write its application and enter it in FRAMEWORKS.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response
from flask import Flask
from flask import request as flask_request

from stillframe.producer import wsgi
from stillframe.producer.asgi import SnapshotMiddleware, snapshot_of
from stillframe.producer.capture import Capture
from stillframe.producer.fastapi import FrozenRequest
from stillframe.producer.flask import Stillframe, frozen_request
from stillframe.producer.testing import RecordingProducer
from stillframe.schemas import PayloadTooLarge, Snapshot
from tests.unit import django_shop
from tests.unit.wsgi_server import serve

#: The route that every application has; it answers any method with what it has read of the body.
PATH = "/shops/7/orders"
PEER = "192.0.2.1"


@dataclass
class Seen:
    """What came of one request: the answer, and what the application saw and froze."""

    status: int
    snapshot: Snapshot | None = None
    body: bytes = b""


@dataclass
class Journal:
    snapshots: list[Snapshot] = field(default_factory=list)


Send = Callable[[Capture, httpx.Request], Coroutine[Any, Any, Seen]]


def request(method: str = "POST", path: str = PATH, **parts: Any) -> httpx.Request:
    return httpx.Request(method, httpx.URL("http://shop.test").join(path), **parts)


async def through(app: Any, journal: Journal, sent: httpx.Request, peer: str = PEER) -> Seen:
    """Send a request to an ASGI application."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(peer, 4_711))) as client:
        answer = await client.send(sent)
    return Seen(answer.status_code, journal.snapshots[-1] if journal.snapshots else None, answer.content)


async def over_wsgi(app: Any, journal: Journal, sent: httpx.Request, peer: str = PEER) -> Seen:
    """Send a request to a WSGI application, in a thread as servers do."""
    body = await sent.aread() if isinstance(sent.stream, httpx.AsyncByteStream) else sent.read()
    status, answer = await asyncio.to_thread(serve, app, sent, body, peer)
    return Seen(status, journal.snapshots[-1] if journal.snapshots else None, answer)


async def read_all(receive: Any) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def respond(send: Any, status: int, body: bytes = b"") -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body})


def asgi_app(journal: Journal) -> Any:
    """An application without any framework: it takes the snapshot first and reads the body then."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            journal.snapshots.append(await snapshot_of(scope))
        except PayloadTooLarge:
            await respond(send, 413)
            return
        await respond(send, 200, await read_all(receive))

    return app


async def asgi_(policy: Capture, sent: httpx.Request) -> Seen:
    journal = Journal()
    return await through(SnapshotMiddleware(asgi_app(journal), policy), journal, sent)


def fastapi_app(journal: Journal) -> FastAPI:
    app = FastAPI()

    @app.api_route("/shops/{shop}/orders", methods=["GET", "POST", "PUT"])
    async def orders(request: Request, snapshot: FrozenRequest) -> Response:
        journal.snapshots.append(snapshot)
        return Response(await request.body())

    @app.exception_handler(PayloadTooLarge)
    async def too_large(request: Request, error: Exception) -> Response:
        return Response(status_code=413)

    return app


async def fastapi(policy: Capture, sent: httpx.Request) -> Seen:
    """With the policy in ``app.state``, without the middleware."""
    journal = Journal()
    app = fastapi_app(journal)
    app.state.stillframe_capture = policy
    return await through(app, journal, sent)


async def fastapi_with_middleware(policy: Capture, sent: httpx.Request) -> Seen:
    journal = Journal()
    app = fastapi_app(journal)
    app.add_middleware(SnapshotMiddleware, capture=policy)
    return await through(app, journal, sent)


def wsgi_app(journal: Journal) -> Any:
    """The same without any framework, for WSGI: it knows its route, and says so."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        shop = environ["PATH_INFO"].split("/")[2]
        try:
            journal.snapshots.append(
                wsgi.snapshot_of(environ, route="/shops/{shop}/orders", path_params={"shop": shop})
            )
        except PayloadTooLarge:
            start_response("413 Content Too Large", [])
            return []
        start_response("200 OK", [])
        length = environ.get("CONTENT_LENGTH")
        return [environ["wsgi.input"].read(*([int(length)] if length else []))]

    return app


async def plain_wsgi(policy: Capture, sent: httpx.Request) -> Seen:
    journal = Journal()
    return await over_wsgi(wsgi.SnapshotMiddleware(wsgi_app(journal), policy), journal, sent)


def flask_app(journal: Journal) -> Flask:
    app = Flask("shop")
    app.testing = True  # errors of the application surface

    @app.route("/shops/<int:shop>/orders", methods=["GET", "POST", "PUT"])
    def orders(shop: int) -> bytes:
        journal.snapshots.append(frozen_request())
        return flask_request.get_data()

    @app.errorhandler(PayloadTooLarge)
    def too_large(error: Exception) -> tuple[str, int]:
        return "", 413

    return app


async def flask(policy: Capture, sent: httpx.Request) -> Seen:
    journal = Journal()
    app = flask_app(journal)
    Stillframe(app, producer=RecordingProducer(), capture=policy)
    return await over_wsgi(app, journal, sent)


async def django_wsgi(policy: Capture, sent: httpx.Request) -> Seen:
    journal = Journal()
    with django_shop.served(journal.snapshots):
        return await over_wsgi(django_shop.wsgi_application(policy), journal, sent)


async def django_asgi(policy: Capture, sent: httpx.Request) -> Seen:
    """With a view that is ``async def``."""
    journal = Journal()
    with django_shop.served(journal.snapshots):
        return await through(django_shop.asgi_application(policy), journal, sent)


async def django_asgi_sync_view(policy: Capture, sent: httpx.Request) -> Seen:
    """With a view that is ``def``, which Django runs in a thread."""
    journal = Journal()
    with django_shop.served(journal.snapshots):
        return await through(django_shop.asgi_application(policy, sync_views=True), journal, sent)


@dataclass(frozen=True)
class Framework:
    """How its tests send a request, and what it cannot know or do.

    Attributes:
        repeats: whether repeated headers stay apart; else the server has joined them by commas.
        chunked: whether it reads a body without Content-Length.
        route: what it knows of the route, and of its parameter.
    """

    send: Send
    repeats: bool = True
    chunked: bool = True
    route: str | None = "/shops/{shop}/orders"
    shop: str | int | None = 7


FRAMEWORKS: dict[str, Framework] = {
    "asgi": Framework(asgi_, route=None, shop=None),
    "fastapi": Framework(fastapi, shop="7"),
    "fastapi with the middleware": Framework(fastapi_with_middleware, shop="7"),
    "wsgi": Framework(plain_wsgi, repeats=False, shop="7"),
    "flask": Framework(flask, repeats=False),
    "django under wsgi": Framework(django_wsgi, repeats=False, chunked=False),
    "django under asgi": Framework(django_asgi),
    "django under asgi, sync view": Framework(django_asgi_sync_view),
}
