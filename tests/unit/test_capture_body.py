"""The copy of a body: the application sees every message once, and the copy is whole or refused."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from stillframe.producer.asgi import SnapshotMiddleware, snapshot_of
from stillframe.producer.capture import Capture
from stillframe.producer.capture.body import BodyCopy, BodyIncomplete
from stillframe.schemas import DefinitionError, PayloadTooLarge

GONE = {"type": "http.disconnect"}


def chunk(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


class Server:
    """Sends messages, and counts how many were asked for."""

    def __init__(self, messages: Iterable[dict[str, Any]]) -> None:
        self.messages = list(messages)
        self.asked = 0

    async def receive(self) -> dict[str, Any]:
        message = self.messages[min(self.asked, len(self.messages) - 1)]
        self.asked += 1
        return message


THREE = [chunk(b"ab", more=True), {"type": "http.request", "more_body": True}, chunk(b"cd", more=False), GONE]


@pytest.mark.parametrize("before", range(5))
def test_whatever_the_application_has_read_the_copy_is_whole(before: int) -> None:
    """A snapshot taken before, between or after the application's reads has the whole body."""

    async def scenario() -> None:
        server = Server(THREE)
        copy = BodyCopy(server.receive, 4, None)
        seen = [await copy.receive() for _ in range(before)]
        assert await copy.read() == b"abcd"
        assert await copy.read() == b"abcd"
        seen += [await copy.receive() for _ in range(4 - before)]
        assert seen == THREE[: max(4, before)]
        assert server.asked == 4 if before < 5 else 5

    asyncio.run(scenario())


def test_a_declared_length_over_the_limit_is_refused_unread() -> None:
    """Content-Length says it beforehand: nothing is read, and the application may still stream it."""
    server = Server(THREE)
    copy = BodyCopy(server.receive, 3, 4)
    with pytest.raises(PayloadTooLarge, match="request body is 4 bytes or more, the limit is 3"):
        asyncio.run(copy.read())
    assert server.asked == 0
    assert asyncio.run(copy.receive()) == THREE[0]


@pytest.mark.parametrize("before", range(4))
def test_a_body_over_the_limit_is_refused_and_still_there(before: int) -> None:
    """Reading ahead stops at the limit; what was read ahead goes to the application all the same."""

    async def scenario() -> None:
        endless = Server([chunk(b"x" * 10, more=True)])
        copy = BodyCopy(endless.receive, 25, None)
        for _ in range(before):
            await copy.receive()
        with pytest.raises(PayloadTooLarge) as refused:
            await copy.read()
        assert (refused.value.size, refused.value.limit) == (30, 25)
        assert endless.asked == 3
        for _ in range(3 - before):
            assert await copy.receive() == chunk(b"x" * 10, more=True)
        assert endless.asked == 3
        assert copy._chunks == []

    asyncio.run(scenario())


def test_a_client_that_goes_away_leaves_no_half_snapshot() -> None:
    """A disconnect before the end is an error, and the application is told of it as well."""

    async def scenario() -> None:
        copy = BodyCopy(Server([chunk(b"ab", more=True), GONE]).receive, 100, None)
        with pytest.raises(BodyIncomplete, match="after 2 bytes"):
            await copy.read()
        assert await copy.receive() == chunk(b"ab", more=True)
        assert await copy.receive() == GONE

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", ["lifespan", "websocket", "anything"])
def test_other_protocols_pass_through_untouched(kind: str) -> None:
    """The very same scope and channels reach the application."""
    passed: list[Any] = []

    async def app(*parts: Any) -> None:
        passed.extend(parts)

    scope, receive, send = {"type": kind}, Server([GONE]).receive, print
    middleware: Any = SnapshotMiddleware(app, Capture(body=10))
    asyncio.run(middleware(scope, receive, send))
    assert passed == [scope, receive, send]
    assert scope == {"type": kind}


def test_without_a_body_in_the_policy_the_channel_is_the_servers() -> None:
    """Nothing stands in the way of a stream that is not copied."""
    passed: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        passed.append(receive)

    receive = Server([GONE]).receive
    scope = {"type": "http", "headers": []}
    middleware: Any = SnapshotMiddleware(app)
    asyncio.run(middleware(scope, receive, print))
    assert passed == [receive]


def test_without_the_middleware_the_error_names_it() -> None:
    """Asking for a snapshot of what nobody recorded is a mistake in the setup, and says so."""
    with pytest.raises(DefinitionError, match=r"wrap the application in SnapshotMiddleware\(app\)"):
        asyncio.run(snapshot_of({"type": "http"}))
