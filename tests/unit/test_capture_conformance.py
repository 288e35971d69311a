"""What every framework's capture must do, whatever the framework."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from stillframe.producer.capture import DEFAULT_HEADERS, Capture
from stillframe.producer.capture.body import BodyIncomplete
from stillframe.schemas import FrozenError, FrozenMapping, Record, Snapshot, Task, decode, encode
from tests.credentials import CANARY, sent_in_every_spelling
from tests.unit.capture_frameworks import FRAMEWORKS, PATH, PEER, Framework, Seen, request

Exchange = Callable[..., Seen]


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> Framework:
    return FRAMEWORKS[request.param]


@pytest.fixture
def exchange(framework: Framework) -> Exchange:
    """Send one request through the framework's application under a policy."""
    send = framework.send
    return lambda sent, policy=Capture(): asyncio.run(send(policy, sent))  # noqa: B008 - it is immutable


def taken(seen: Seen) -> Snapshot:
    assert seen.snapshot is not None
    return seen.snapshot


def test_method_path_and_client(exchange: Exchange) -> None:
    """Method, decoded path and the peer's address are there; the time is now, in UTC."""
    before = datetime.now(UTC)
    snapshot = taken(exchange(request("PUT")))
    assert (snapshot.method, snapshot.path, snapshot.client) == ("PUT", PATH, PEER)
    assert before <= snapshot.received_at <= datetime.now(UTC)
    assert (snapshot.principal, snapshot.context, snapshot.body) == (None, FrozenMapping(), None)


def test_route_and_path_parameters(framework: Framework, exchange: Exchange) -> None:
    """The template in braces, and its parameters as the framework has converted them; nothing else."""
    snapshot = taken(exchange(request()))
    assert snapshot.route == framework.route
    assert dict(snapshot.path_params) == ({} if framework.shop is None else {"shop": framework.shop})


def test_only_allowed_headers_are_there_with_order_and_repeats(framework: Framework, exchange: Exchange) -> None:
    """The default list, and nothing else. Repeated headers stay apart, in order, or the server has
    joined them, in order; names ignore case."""
    sent = [
        ("Accept-Language", "de"),
        ("X-Unheard-Of", "no"),
        ("User-Agent", "test"),
        ("accept-language", "en"),
        ("Traceparent", "00-1"),
        ("Accept", "text/html"),
    ]
    headers = taken(exchange(request(headers=sent))).headers
    assert headers.getall("Accept-Language") == (("de", "en") if framework.repeats else ("de,en",))
    assert headers["USER-AGENT"] == "test"
    assert set(headers) == {"accept-language", "user-agent", "traceparent"}
    assert set(headers) <= set(DEFAULT_HEADERS)


def test_another_list_of_headers_replaces_the_default(exchange: Exchange) -> None:
    """A policy's own list is the whole list."""
    headers = [("X-Tenant", "a"), ("User-Agent", "test"), ("Idempotency-Key", "k1")]
    snapshot = taken(exchange(request(headers=headers), Capture(headers=("X-TENANT", "idempotency-key"))))
    assert snapshot.headers.pairs == (("x-tenant", "a"), ("idempotency-key", "k1"))


def test_query_order_repeats_and_blanks_are_kept(exchange: Exchange) -> None:
    """Parameters are decoded once, in order, with repeats, blanks and names without a value."""
    query = "b=2&a=1&b=%C3%A9&empty=&bare&a=+&b=2&plus=a%2Bb&nested=%2541"
    pairs = taken(exchange(request(path=f"{PATH}?{query}"))).query.pairs
    assert pairs == (
        ("b", "2"), ("a", "1"), ("b", "é"), ("empty", ""), ("bare", ""), ("a", " "), ("b", "2"),
        ("plus", "a+b"), ("nested", "%41"),
    )  # fmt: skip


@pytest.mark.parametrize("query", ["a=%FF", "a=%ED%A0%80", "%FF=1", "a=%00", "&&=&a", "a=%ZZ", "a=%", "=" * 500])
def test_a_query_that_is_no_text_does_not_crash(exchange: Exchange, query: str) -> None:
    """Bytes that are not UTF-8 become replacement characters, and the snapshot can be encoded."""
    assert encoded(taken(exchange(request(path=f"{PATH}?{query}"))))


def test_nothing_secret_is_taken(exchange: Exchange) -> None:
    """Credentials in headers, query and URLs do not reach the wire; the rest of them does."""
    link = "https%3A%2F%2Fme%3ACANARY%40h%2Fx%3Ftoken%3DCANARY"
    sent = request(
        path=f"{PATH}?page=1&api_key=CANARY&Access-Token=CANARY&next={link}",
        headers=[
            ("Authorization", "Bearer CANARY"),
            ("Cookie", "session=CANARY"),
            ("X-Api-Key", "CANARY"),
            ("X-Forwarded-For", "203.0.113.77"),
            ("Referer", "https://me:CANARY@shop.test/a?sid=CANARY&page=2#access_token=CANARY"),
        ],
    )
    snapshot = taken(exchange(sent, Capture(headers=("referer",))))
    wire = encoded(snapshot)
    assert b"CANARY" not in wire
    assert b"203.0.113.77" not in wire
    assert snapshot.headers["referer"] == "https://shop.test/a?sid=&page=2#access_token="
    assert snapshot.query.pairs == (("page", "1"), ("next", "https://h/x?token="))


@pytest.mark.parametrize(
    "policy", [Capture(), Capture(headers=("x-tenant", "accept"), body=10)], ids=["default", "own"]
)
def test_credentials_are_absent_in_every_spelling(
    exchange: Exchange, policy: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    """However a client writes the name of such a header, and whatever the server makes of that, its value is
    nowhere in the snapshot and in no log."""
    caplog.set_level(logging.DEBUG)
    seen = exchange(request(headers=sent_in_every_spelling()), policy)
    assert CANARY.encode() not in encoded(taken(seen))
    assert CANARY not in repr(taken(seen))
    assert CANARY not in caplog.text


def test_a_revealed_secret_is_taken(exchange: Exchange) -> None:
    """What the policy names one by one is there, and only that."""
    policy = Capture(headers=("x-api-key",), reveal=("x-api-key", "page_token"))
    sent = request(path=f"{PATH}?page_token=t&token=no", headers=[("X-API-Key", "k"), ("Api-Key", "no")])
    snapshot = taken(exchange(sent, policy))
    assert snapshot.headers.pairs == (("x-api-key", "k"),)
    assert snapshot.query.pairs == (("page_token", "t"),)


def test_no_body_unless_asked_for(exchange: Exchange) -> None:
    """By default the snapshot has none, and the application reads its own."""
    seen = exchange(request(content=b"body"))
    assert taken(seen).body is None
    assert seen.body == b"body"


@pytest.mark.parametrize("size", [0, 1, 99, 100])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_up_to_the_limit_is_taken_and_still_there(
    framework: Framework, exchange: Exchange, size: int, chunked: bool
) -> None:
    """Snapshot and application have the same bytes, whether the body came whole or in chunks."""
    body = bytes(range(256))[:size]
    if chunked and not framework.chunked:
        with pytest.raises(BodyIncomplete, match="without Content-Length"):
            exchange(request(content=in_chunks(body)), Capture(body=100))
        return
    seen = exchange(request(content=in_chunks(body) if chunked else body), Capture(body=100))
    assert seen.status == 200
    assert taken(seen).body == body
    assert seen.body == body


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused(framework: Framework, exchange: Exchange, chunked: bool) -> None:
    """One byte too many is PayloadTooLarge, before there is any snapshot to submit."""
    body = b"x" * 101
    if chunked and not framework.chunked:
        pytest.skip("it reads no body of undeclared length")
    seen = exchange(request(content=in_chunks(body) if chunked else body), Capture(body=100))
    assert seen.status == 413
    assert seen.snapshot is None


async def in_chunks(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 40):
        yield body[start : start + 40]


@pytest.mark.parametrize(
    ("trusted", "forwarded_for", "client"),
    [
        ((), "203.0.113.9", PEER),
        (("192.0.2.0/24",), "203.0.113.9", "203.0.113.9"),
        (("192.0.2.0/24", "10.0.0.0/8"), "1.1.1.1, 203.0.113.9, 10.0.0.3", "203.0.113.9"),
        (("192.0.2.0/24",), "garbage", PEER),
        (("10.0.0.0/8",), "203.0.113.9", PEER),
    ],
)
def test_the_client_behind_trusted_proxies(
    exchange: Exchange, trusted: tuple[str, ...], forwarded_for: str, client: str
) -> None:
    """X-Forwarded-For counts only from a trusted peer, and only as far as the hops are trusted."""
    sent = request(headers=[("X-Forwarded-For", forwarded_for)])
    assert taken(exchange(sent, Capture(trusted_proxies=trusted))).client == client


def test_the_application_adds_principal_and_context(exchange: Exchange) -> None:
    """The functions are called with the request, and their results are frozen."""
    given: list[Any] = []

    def principal(web_request: Any) -> str:
        given.append(web_request)
        return "ada"

    policy = Capture(principal=principal, context=lambda _: {"tenant": {"plans": ["free"]}})
    snapshot = taken(exchange(request(), policy))
    assert snapshot.principal == "ada"
    assert snapshot.context == FrozenMapping({"tenant": {"plans": ["free"]}})
    assert len(given) == 1


def test_a_context_that_cannot_be_frozen_is_an_error(exchange: Exchange) -> None:
    """The application's mistake surfaces where it was made, not in the worker."""
    with pytest.raises(FrozenError):
        exchange(request(), Capture(context=lambda _: {"a": object()}))


def test_concurrent_requests_do_not_mix() -> None:
    """A hundred requests at once, each with a body of its own, give a hundred snapshots of their own."""

    async def all_at_once() -> list[Seen]:
        policy = Capture(headers=("x-request-id",), body=1_000)
        frameworks = list(FRAMEWORKS.values())
        sends = [frameworks[n % len(frameworks)] for n in range(100)]
        return await asyncio.gather(*(each.send(policy, order(n, each)) for n, each in enumerate(sends)))

    for number, seen in enumerate(asyncio.run(all_at_once())):
        snapshot = taken(seen)
        assert snapshot.headers["x-request-id"] == str(number)
        assert snapshot.query["n"] == str(number)
        assert snapshot.body == seen.body == str(number).encode() * number


def order(number: int, framework: Framework) -> httpx.Request:
    body = str(number).encode() * number
    content = in_chunks(body) if number // 10 % 2 and framework.chunked else body
    return request(path=f"{PATH}?n={number}", headers=[("X-Request-Id", str(number))], content=content)


def test_a_snapshot_survives_the_wire(exchange: Exchange) -> None:
    """What was captured is what the worker's handler sees."""
    seen = exchange(request(content=b"\x00\xff", headers=[("User-Agent", "é".encode())]), Capture(body=10))
    assert decode(Record("t", None, encoded(taken(seen)))).snapshot == seen.snapshot


def encoded(snapshot: Snapshot) -> bytes:
    now = datetime.now(UTC)
    task = Task(id=UUID(int=1), type="t", payload=FrozenMapping(), created_at=now, snapshot=snapshot)
    return encode(task).value
