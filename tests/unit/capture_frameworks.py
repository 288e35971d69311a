"""The same small application in each web framework, for the tests that every capture must pass.

A framework is a function that takes a policy and a request and says what came of it. To add one,
write its application and enter it in FRAMEWORKS.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response

from stillframe.producer.asgi import SnapshotMiddleware, snapshot_of
from stillframe.producer.capture import Capture
from stillframe.producer.fastapi import FrozenRequest
from stillframe.schemas import PayloadTooLarge, Snapshot

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


async def asgi(policy: Capture, sent: httpx.Request) -> Seen:
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


FRAMEWORKS: dict[str, Send] = {
    "asgi": asgi,
    "fastapi": fastapi,
    "fastapi with the middleware": fastapi_with_middleware,
}
