"""No secret reaches the wire, however its header or parameter is spelled, and no request breaks capture (I10)."""

import re
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillframe.producer.capture import Capture
from stillframe.producer.capture.client_address import client_address
from stillframe.producer.capture.freeze import RequestParts, freeze_request
from stillframe.producer.capture.sensitive import sensitive, without_secrets
from stillframe.schemas import DefinitionError, FrozenMapping, Record, Snapshot, Task, decode, encode

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
CANARY = "c4n4ry-0815"

#: The names of the deny-list, as words; their spellings are Hypothesis' business.
KNOWN = [
    "authorization", "proxy authorization", "cookie", "set cookie", "x api key", "api key", "x auth token",
    "x csrf token", "x csrftoken", "x xsrf token", "x amz security token", "x forwarded for", "x real ip",
    "forwarded", "cf connecting ip", "x forwarded client cert", "ssl client cert", "x ssl client cert",
    "auth", "token", "access token", "refresh token", "id token", "secret", "client secret", "password",
    "passwd", "pwd", "key", "private key", "jwt", "bearer", "sso", "saml response", "csrf", "xsrf",
    "credential", "credentials", "session", "session id", "php sess id session", "sid", "connect sid", "identity",
]  # fmt: skip


HARMLESS = ["content type", "user agent", "x request id", "accept language", "idempotency key", "author id"]

#: These are secret as a whole; inside a longer name they may mean something else.
WHOLE = {"cf connecting ip", "ssl client cert", "forwarded", "x forwarded for", "x real ip", "x ssl client cert"}


@st.composite
def spellings(draw: st.DrawFn, names: list[str] = KNOWN) -> str:
    """A name in any case, its words joined in any way; a known secret also amid other words."""
    name = draw(st.sampled_from(names))
    words = name.split()
    if names is KNOWN and name not in WHOLE:
        before = draw(st.sampled_from([[], ["my"], ["x", "old"]]))
        words = before + words + draw(st.sampled_from([[], ["2"], ["value"]]))
    spelled = words[0]
    for word in words[1:]:
        spelled += draw(st.sampled_from(["-", "_", "", "--", "."])) + word
    upper = draw(st.lists(st.booleans(), min_size=len(spelled), max_size=len(spelled)))
    return "".join(letter.upper() if up else letter for letter, up in zip(spelled, upper, strict=True))


def wire(snapshot: Snapshot) -> bytes:
    task = Task(id=UUID(int=1), type="t", payload=FrozenMapping(), created_at=NOW, snapshot=snapshot)
    value = encode(task).value
    assert decode(Record("t", None, value)).snapshot == snapshot
    return value


def frozen(capture: Capture | None = None, **parts: Any) -> Snapshot:
    given_parts: dict[str, Any] = {"method": "GET", "path": "/", "query": b"", "headers": (), "received_at": NOW}
    return freeze_request(RequestParts(**given_parts | parts), capture or Capture(headers=("referer",)), None)


@given(spellings())
def test_no_spelling_of_a_secret_is_taken(name: str) -> None:
    """As a header, a query name, a path parameter, in a link: the value is nowhere in the encoded task."""
    link = f"https://ada:{CANARY}@h/x?a=1&{quote(name)}={CANARY}&b=2#{quote(name)}={CANARY}"
    snapshot = frozen(
        path=f"/reset/{CANARY}/now",
        path_params={name: CANARY, "page": "1"},
        query=f"a=1&{quote_plus(name)}={CANARY}&link={quote_plus(link)}".encode(),
        headers=[(name.encode(), CANARY.encode()), (b"Referer", link.encode())],
    )
    assert CANARY.encode() not in wire(snapshot)
    assert snapshot.query["a"] == "1"
    assert snapshot.path_params["page"] == "1"
    assert snapshot.headers["referer"].startswith("https://h/x?a=1&")


@given(spellings())
def test_no_spelling_of_a_secret_can_be_allowed_by_mistake(name: str) -> None:
    """An allow-list that names it is refused when it is made, and accepted with the name's own opt-in."""
    with pytest.raises(DefinitionError, match=re.escape(name.lower())):
        Capture(headers=(name,))
    snapshot = frozen(Capture(headers=(name,), reveal=(name,)), headers=[(name.encode(), CANARY.encode())])
    assert snapshot.headers[name] == CANARY


@given(spellings(HARMLESS))
def test_every_spelling_of_the_harmless_passes(name: str) -> None:
    """What is known to be harmless stays so in any case; of ``author id``, with any separator but none."""
    if name.lower() != "authorid":
        assert not sensitive(name)


anything = st.text(max_size=30)
header_bytes = st.binary(max_size=30)
parameters = st.dictionaries(anything, st.integers() | st.floats() | st.uuids() | anything, max_size=3)


requests = st.builds(
    RequestParts,
    method=st.text(max_size=8),
    path=anything,
    query=st.binary(max_size=80),
    headers=st.lists(st.tuples(header_bytes | st.just(b"x-forwarded-for"), header_bytes), max_size=4),
    received_at=st.just(NOW),
    peer=st.none() | anything | st.just("10.0.0.1"),
    route=st.none() | st.just("/a/{b}"),
    path_params=parameters,
    body=st.none() | st.binary(max_size=10),
)


@given(requests)
def test_any_request_can_be_frozen(parts: RequestParts) -> None:
    """Whatever a client sends, capture neither raises nor makes what cannot be encoded."""
    capture = Capture(headers=("a", "x"), trusted_proxies=("0.0.0.0/0", "::/0"))
    snapshot = freeze_request(parts._replace(headers=[*parts.headers, (b"A", b"\xff")]), capture, None)
    assert wire(snapshot)
    assert snapshot.headers.getall("a")[-1] == "ÿ"


@given(anything)
def test_text_without_secrets_is_untouched(text: str) -> None:
    """Cleaning twice changes nothing, and text without ``//`` and ``=`` is returned as it is."""
    clean = without_secrets(text)
    assert without_secrets(clean) == clean
    if "//" not in text and "=" not in text:
        assert clean == text


addresses = st.ip_addresses().map(str)
hops = st.lists(addresses | st.sampled_from(["10.0.0.1", "10.9.9.9", "unknown", "", "fe80::1%x"]), max_size=6)


@given(addresses | st.just("10.0.0.1"), hops)
def test_the_client_is_never_left_of_an_untrusted_hop(peer: str, chain: list[str]) -> None:
    """Prepending anything to the list changes nothing once there is an untrusted address in it."""
    trusted = (ip_network("10.0.0.0/8"),)
    client = client_address(peer, [", ".join(chain)], trusted)
    assert client is not None
    if not client.startswith("10."):
        assert client_address(peer, ["1.2.3.4, spoof", ", ".join(chain)], trusted) == client
