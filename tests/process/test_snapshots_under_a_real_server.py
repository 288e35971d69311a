"""Under a real uvicorn: what travels over a socket arrives in the snapshot, chunked, broken off or in parallel."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request

from stillframe.producer.capture.body import BodyIncomplete
from stillframe.producer.fastapi import Capture, FrozenRequest, SnapshotMiddleware, install_errors
from stillframe.schemas import Snapshot
from tests.waiting import wait_until

LIMIT = 1_000_000


class Shop:
    """A FastAPI application in a thread, on a port of its own."""

    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []
        self.broken: list[Exception] = []
        self.app = FastAPI()
        self.app.post("/orders/{number}")(self.take)
        self.app.post("/sync/{number}")(self.take_in_a_thread)
        self.app.add_middleware(SnapshotMiddleware, capture=Capture(body=LIMIT))
        install_errors(self.app)
        self.app.add_exception_handler(BodyIncomplete, self.broke)
        config = uvicorn.Config(self.app, port=0, ws="none", log_level="critical", proxy_headers=False)
        self.server = uvicorn.Server(config)

    async def take(self, request: Request, snapshot: FrozenRequest) -> dict[str, Any]:
        self.snapshots.append(snapshot)
        return {"frozen": len(snapshot.body or b""), "read": len(await request.body()), "at": snapshot.path}

    def take_in_a_thread(self, snapshot: FrozenRequest) -> dict[str, Any]:
        self.snapshots.append(snapshot)
        return {"frozen": len(snapshot.body or b""), "at": snapshot.path}

    async def broke(self, _: Request, error: Exception) -> Any:
        self.broken.append(error)
        raise error

    @property
    def port(self) -> int:
        port: int = self.server.servers[0].sockets[0].getsockname()[1]
        return port


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    shop = Shop()
    thread = threading.Thread(target=shop.server.run, name="uvicorn")
    thread.start()
    try:
        wait_until(lambda: shop.server.started, describe="uvicorn to listen")
        yield shop
    finally:
        shop.server.should_exit = True
        thread.join(timeout=20)


@pytest.fixture
def web(shop: Shop) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{shop.port}", timeout=20) as client:
        yield client


def test_a_chunked_body_of_a_megabyte(shop: Shop, web: httpx.Client) -> None:
    """Many chunks over a socket: snapshot and endpoint have all of them."""
    answer = web.post("/orders/1?a=1&a=", content=(bytes([n % 256]) * 9_973 for n in range(100)))
    assert answer.json() == {"frozen": 997_300, "read": 997_300, "at": "/orders/1"}
    snapshot = shop.snapshots[-1]
    assert snapshot.client == "127.0.0.1"
    assert snapshot.route == "/orders/{number}"
    assert snapshot.query.getall("a") == ("1", "")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit(shop: Shop, web: httpx.Client, chunked: bool) -> None:
    """413 as problem+json, and no snapshot was made."""
    before = len(shop.snapshots)
    content: Any = (b"x" * 100_000 for _ in range(11)) if chunked else b"x" * (LIMIT + 1)
    answer = web.post("/orders/1", content=content)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(shop.snapshots) == before


def test_a_client_that_hangs_up_in_the_middle(shop: Shop) -> None:
    """Half a body is no request: no snapshot is made of it, and the server goes on."""
    before = len(shop.snapshots)
    with socket.create_connection(("127.0.0.1", shop.port)) as client:
        client.sendall(b"POST /orders/1 HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf")
    wait_until(lambda: shop.broken, describe="the server to notice")
    assert isinstance(shop.broken[-1], BodyIncomplete)
    assert len(shop.snapshots) == before


def test_bytes_that_are_no_text(shop: Shop) -> None:
    """A path and query of raw bytes are replaced, not refused, and the snapshot is made."""
    with socket.create_connection(("127.0.0.1", shop.port)) as client:
        client.sendall(
            b"POST /orders/%FF%ED%A0%80?a=%FF&%C3%A9=\xc3\xa9 HTTP/1.1\r\nHost: h\r\n"
            b"User-Agent: \xff\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 400"):  # the server's parser may refuse raw bytes: then they reach nobody
        return
    assert "\ufffd" in json.loads(body)["at"]
    assert shop.snapshots[-1].query["a"] == "\ufffd"
    assert shop.snapshots[-1].query["é"] == "é"
    assert shop.snapshots[-1].headers["user-agent"] == "ÿ"


def test_sixteen_clients_at_once(web: httpx.Client) -> None:
    """Endpoints in threads and on the loop, under sixteen clients: each answer is of its own request."""

    def post(number: int) -> tuple[int, str, int]:
        kind = "sync" if number % 2 else "orders"
        answer = web.post(f"/{kind}/{number}", content=b"x" * number).json()
        return number, answer["at"].removeprefix(f"/{kind}/"), answer["frozen"]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(post, range(400)))
    assert answers == [(number, str(number), number) for number in range(400)]
