"""FastAPI: one line gives the snapshot, with its route, wherever the route is declared."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import Response
from starlette.routing import Mount, Route

from stillframe.producer.asgi import snapshot_of
from stillframe.producer.errors import ProducerClosed
from stillframe.producer.fastapi import (
    Capture,
    FrozenRequest,
    RequestProducer,
    SnapshotMiddleware,
    install_errors,
    install_validation_errors,
    lifespan,
    producer_of,
)
from stillframe.producer.testing import RecordingProducer
from stillframe.schemas import DefinitionError, Snapshot, TaskType


class Email(BaseModel):
    to: str


class Shop:
    """An application with a route of every kind; it remembers its snapshots."""

    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []
        self.app = FastAPI()
        self.app.post("/emails/{number}")(self.take)
        self.app.get("/sync/{number:int}")(self.take_in_a_thread)
        inner, outer = APIRouter(prefix="/inner/{b}"), APIRouter(prefix="/outer/{a}")
        inner.get("/leaf/{c:path}")(self.take)
        outer.include_router(inner)
        self.app.include_router(outer, prefix="/v1")
        mounted = FastAPI()
        mounted.get("/items/{item}")(self.take)
        mounted.include_router(inner)
        self.app.mount("/sub/{tenant}", mounted)

    async def take(self, snapshot: FrozenRequest) -> None:
        self.snapshots.append(snapshot)

    def take_in_a_thread(self, snapshot: FrozenRequest) -> str:
        self.snapshots.append(snapshot)
        return threading.current_thread().name

    def get(self, path: str, method: str = "GET", **parts: Any) -> Snapshot:
        answer = send(self.app, httpx.Request(method, f"http://shop.test{path}", **parts))
        assert answer.status_code == 200
        return self.snapshots[-1]


def send(app: Any, *requests: httpx.Request, root_path: str = "") -> httpx.Response:
    return asyncio.run(asend(app, *requests, root_path=root_path))[-1]


async def asend(app: Any, *requests: httpx.Request, root_path: str = "") -> list[httpx.Response]:
    transport = httpx.ASGITransport(app, root_path=root_path)
    async with httpx.AsyncClient(transport=transport) as client:
        return list(await asyncio.gather(*map(client.send, requests)))


@pytest.mark.parametrize(
    ("path", "route", "path_params"),
    [
        ("/sync/5", "/sync/{number}", {"number": 5}),
        (f"/sync/{10**30}", "/sync/{number}", {"number": str(10**30)}),
        ("/v1/outer/1/inner/2/leaf/x/y", "/v1/outer/{a}/inner/{b}/leaf/{c}", {"a": "1", "b": "2", "c": "x/y"}),
        ("/sub/acme/items/7", "/sub/{tenant}/items/{item}", {"tenant": "acme", "item": "7"}),
        ("/sub/a/inner/b/leaf/", "/sub/{tenant}/inner/{b}/leaf/{c}", {"tenant": "a", "b": "b", "c": ""}),
    ],
)
@pytest.mark.parametrize("with_middleware", [False, True])
def test_the_route_and_its_parameters(
    path: str, route: str, path_params: dict[str, Any], with_middleware: bool
) -> None:
    """The template has the prefixes of routers and mounts, and no converter; every parameter is there."""
    shop = Shop()
    if with_middleware:
        shop.app.add_middleware(SnapshotMiddleware)
    snapshot = shop.get(path)
    assert snapshot.route == route
    assert dict(snapshot.path_params) == path_params
    assert snapshot.path == path


def test_behind_a_proxy_that_cuts_a_prefix() -> None:
    """The server's root_path is no part of the template, but that of a mount is."""
    shop = Shop()
    request = httpx.Request("GET", "http://shop.test/api/sub/acme/items/7")
    assert send(shop.app, request, root_path="/api").status_code == 200
    assert shop.snapshots[-1].route == "/sub/{tenant}/items/{item}"
    assert shop.snapshots[-1].path == "/api/sub/acme/items/7"


def test_a_plain_path_is_decoded_once() -> None:
    """Escapes are decoded as the server does it; what is no UTF-8 is replaced."""
    snapshot = Shop().get("/emails/%C3%A9%2541%FF", "POST")
    assert snapshot.path == "/emails/é%41\ufffd"
    assert snapshot.path_params["number"] == "é%41\ufffd"


def test_a_secret_in_the_path_is_left_out() -> None:
    """A parameter named like a secret is in neither path nor parameters, unless it is revealed."""
    app, snapshots = FastAPI(), []

    @app.get("/reset/{token}/{page}")
    async def reset(snapshot: FrozenRequest) -> None:
        snapshots.append(snapshot)

    request = httpx.Request("GET", "http://shop.test/reset/CANARY/2")
    send(app, request)
    assert snapshots[-1].path == "/reset/{token}/2"
    assert dict(snapshots[-1].path_params) == {"page": "2"}
    app.state.stillframe_capture = Capture(reveal=("token",))
    send(app, request)
    assert snapshots[-1].path == "/reset/CANARY/2"
    assert snapshots[-1].path_params["token"] == "CANARY"


def test_sync_endpoints_under_many_threads() -> None:
    """Endpoints that are ``def`` run in threads, each with the snapshot of its own request."""
    shop = Shop()
    shop.app.add_middleware(SnapshotMiddleware, capture=Capture(headers=("x-n",)))
    requests = [httpx.Request("GET", f"http://shop.test/sync/{n}", headers={"X-N": str(n)}) for n in range(200)]
    answers = asyncio.run(asend(shop.app, *requests))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(s.path_params["number"] for s in shop.snapshots) == list(range(200))
    assert all(s.headers["x-n"] == str(s.path_params["number"]) for s in shop.snapshots)


@pytest.mark.parametrize("with_middleware", [False, True])
def test_the_body_beside_a_model_parameter(with_middleware: bool) -> None:
    """FastAPI reads the JSON body for its own parameter; the snapshot has the same bytes."""
    app, seen = application(Capture(body=100), with_middleware=with_middleware), []

    @app.post("/")
    async def create(email: Email, snapshot: FrozenRequest) -> None:
        seen.append((email.to, snapshot.body))

    send(app, httpx.Request("POST", "http://shop.test/", json={"to": "ada"}))
    assert seen == [("ada", b'{"to":"ada"}')]


@pytest.mark.parametrize("with_middleware", [False, True])
def test_the_body_of_an_endpoint_that_streams(with_middleware: bool) -> None:
    """An endpoint that streams its request after the snapshot was taken gets all of it."""
    app, seen = application(Capture(body=100), with_middleware=with_middleware), []

    @app.post("/")
    async def create(request: Request, snapshot: FrozenRequest) -> None:
        seen.append((b"".join([part async for part in request.stream()]), snapshot.body))

    send(app, httpx.Request("POST", "http://shop.test/", content=parts(b"one", b"two")))
    assert seen == [(b"onetwo", b"onetwo")]


def test_the_body_through_another_middleware() -> None:
    """A middleware between that reads the body itself does not take it away from anyone."""
    app, seen = application(Capture(body=100), with_middleware=False), []

    @app.post("/")
    async def create(request: Request, snapshot: FrozenRequest) -> None:
        seen.append((await request.body(), snapshot.body))

    async def reading(request: Request, call_next: Any) -> Any:
        await request.body()
        return await call_next(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=reading)
    app.add_middleware(SnapshotMiddleware, capture=Capture(body=100))
    send(app, httpx.Request("POST", "http://shop.test/", content=parts(b"one", b"two")))
    assert seen == [(b"onetwo", b"onetwo")]


def test_an_upload_is_not_in_the_way_of_routes_without_a_snapshot() -> None:
    """The limit is the snapshot's: a route that takes none may stream any amount through the middleware."""
    app = application(Capture(body=10), with_middleware=True)

    @app.post("/")
    async def upload(request: Request) -> int:
        return sum([len(part) async for part in request.stream()])

    answer = send(app, httpx.Request("POST", "http://shop.test/", content=parts(*[b"x" * 1_000] * 50)))
    assert answer.json() == 50_000


async def consume(request: Request) -> None:
    """As a form parser does."""
    async for _ in request.stream():
        pass


def consuming_app(seen: list[Any], *, with_middleware: bool) -> FastAPI:
    app = application(Capture(body=100), with_middleware=with_middleware)

    @app.post("/", dependencies=[Depends(consume)])
    async def create(snapshot: FrozenRequest) -> None:
        seen.append(snapshot.body)

    return app


def test_a_stream_that_was_consumed_before_was_copied_by_the_middleware() -> None:
    """A body that a form parser streams away is in the snapshot all the same."""
    seen: list[Any] = []
    app = consuming_app(seen, with_middleware=True)
    send(app, httpx.Request("POST", "http://shop.test/", content=parts(b"one", b"two")))
    assert seen == [b"onetwo"]


def test_a_stream_that_was_consumed_before_is_an_error_without_the_middleware() -> None:
    """The body is gone: the error says what to add."""
    app = consuming_app([], with_middleware=False)
    with pytest.raises(DefinitionError, match="SnapshotMiddleware, capture="):
        send(app, httpx.Request("POST", "http://shop.test/", content=parts(b"a")))


def application(policy: Capture, *, with_middleware: bool) -> FastAPI:
    app = FastAPI()
    if with_middleware:
        app.add_middleware(SnapshotMiddleware, capture=policy)
    else:
        app.state.stillframe_capture = policy
    install_errors(app)
    return app


async def parts(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


@pytest.mark.parametrize("with_middleware", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_answered_413(with_middleware: bool, chunked: bool) -> None:
    """The endpoint does not run, so that nothing can be submitted; the answer names the limit."""
    app = application(Capture(body=10), with_middleware=with_middleware)

    @app.post("/")
    async def create(snapshot: FrozenRequest) -> None:
        raise AssertionError

    content: Any = parts(b"x" * 11) if chunked else b"x" * 11
    answer = send(app, httpx.Request("POST", "http://shop.test/", content=content))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert "10 bytes" in answer.json()["detail"]


def test_the_request_goes_along_by_itself() -> None:
    """``RequestProducer`` submits with the frozen request; the lifespan connects and closes the producer."""
    producer = RecordingProducer()
    send_email = TaskType("send_email", Email, topic="emails")
    app = FastAPI(lifespan=lifespan(producer))

    @app.post("/emails/{number}", status_code=202)
    async def create(number: int, tasks: RequestProducer) -> dict[str, str]:
        receipt = await tasks.asubmit(send_email, Email(to="ada"))
        return {"task_id": receipt.task_id}

    async def scenario() -> httpx.Response:
        async with app.router.lifespan_context(app):
            return (await asend(app, httpx.Request("POST", "http://shop.test/emails/5")))[0]

    answer = asyncio.run(scenario())
    assert answer.status_code == 202
    (task,) = producer.tasks
    assert answer.json() == {"task_id": str(task.id)}
    assert task.snapshot is not None
    assert (task.snapshot.route, task.snapshot.path_params["number"]) == ("/emails/{number}", "5")
    with pytest.raises(ProducerClosed):
        producer.submit(send_email, Email(to="ada"))


def test_tests_put_another_producer_in_its_place() -> None:
    """Without a lifespan there is none, and the error says how to get one."""
    send_email = TaskType("send_email", Email, topic="emails")
    app = FastAPI()

    @app.post("/")
    def create(tasks: RequestProducer) -> None:
        tasks.submit(send_email, Email(to="ada"))

    with pytest.raises(DefinitionError, match=r"lifespan=lifespan\(producer\)"):
        send(app, httpx.Request("POST", "http://shop.test/"))
    recording = RecordingProducer()
    app.dependency_overrides[producer_of] = lambda: recording
    assert send(app, httpx.Request("POST", "http://shop.test/")).status_code == 200
    assert len(recording.tasks) == 1


def test_what_fastapi_finds_wrong_becomes_a_problem_too() -> None:
    """Body and parameters, each with its place, none with what was sent."""
    app = FastAPI()
    install_validation_errors(app)

    @app.post("/emails/{number}")
    async def create(number: int, email: Email, page: int = 1) -> None: ...

    url = "http://shop.test/emails/CANARY?page=CANARY"
    answer = send(app, httpx.Request("POST", url, json={"to": ["CANARY"]}))
    assert answer.status_code == answer.json()["status"] == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "CANARY" not in answer.text
    faults = [{name: fault.get(name) for name in ("pointer", "in", "name")} for fault in answer.json()["errors"]]
    assert faults == [
        {"pointer": None, "in": "path", "name": "number"},
        {"pointer": None, "in": "query", "name": "page"},
        {"pointer": "#/to", "in": None, "name": None},
    ]


def test_starlette_without_fastapi() -> None:
    """``await snapshot_of(request)`` knows route, mount and parameters there, too."""
    snapshots = []

    async def endpoint(request: Any) -> Response:
        snapshots.append(await snapshot_of(request))
        return Response()

    async def raw(scope: Any, receive: Any, send: Any) -> None:
        await (await endpoint(Request(scope, receive)))(scope, receive, send)

    routes = [
        Route("/one/{n:int}", endpoint),
        Mount("/sub/{tenant}", routes=[Route("/two/{x}", endpoint)]),
        Mount("/raw/{tenant}", raw),
    ]
    policy = Capture(principal=lambda request: request.path_params.get("x"))
    app = SnapshotMiddleware(Starlette(routes=routes), capture=policy)
    for path in ("/one/5", "/sub/acme/two/b", "/raw/acme/a/b"):
        assert send(app, httpx.Request("GET", f"http://shop.test{path}")).status_code == 200
    assert [s.route for s in snapshots] == ["/one/{n}", "/sub/{tenant}/two/{x}", "/raw/{tenant}/{path}"]
    assert [dict(s.path_params) for s in snapshots] == [{"n": 5}, {"tenant": "acme", "x": "b"}, {"tenant": "acme"}]
    assert [s.principal for s in snapshots] == [None, "b", None]


def test_from_a_request_to_a_record() -> None:
    """The whole of it, as an application writes it: one parameter, and the snapshot is in the record."""
    producer = RecordingProducer()
    send_email = TaskType("send_email", Email, topic="emails")
    app = FastAPI()

    @app.post("/emails", status_code=202)
    async def create(email: Email, snapshot: FrozenRequest) -> dict[str, str]:
        receipt = await producer.asubmit(send_email, email, snapshot=snapshot)
        return {"task_id": receipt.task_id}

    headers = {"User-Agent": "test", "Authorization": "Bearer CANARY", "Cookie": "CANARY"}
    request = httpx.Request(
        "POST", "http://shop.test/emails?page=1&token=CANARY", json={"to": "ada"}, headers=headers
    )
    answer = send(app, request)
    assert answer.status_code == 202
    (task,), (record,) = producer.tasks, producer.records
    assert answer.json() == {"task_id": str(task.id)}
    assert task.snapshot is not None
    assert (task.snapshot.route, task.snapshot.headers["user-agent"]) == ("/emails", "test")
    assert "CANARY" not in repr((record.key, record.value, record.headers))


def test_openapi_shows_no_snapshot() -> None:
    """The parameter is the server's business: the documentation of the endpoint does not mention it."""
    operation = Shop().app.openapi()["paths"]["/emails/{number}"]["post"]
    assert "requestBody" not in operation
    assert "parameters" not in operation
