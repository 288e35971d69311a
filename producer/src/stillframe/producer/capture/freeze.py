"""From the parts of any framework's request to a snapshot."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, quote_from_bytes

from stillframe.producer.capture.client_address import client_address
from stillframe.producer.capture.policy import Capture, networks
from stillframe.producer.capture.sensitive import without_secrets
from stillframe.schemas.errors import FrozenError
from stillframe.schemas.fields import Headers, Query
from stillframe.schemas.frozen import Frozen, FrozenMapping, freeze
from stillframe.schemas.snapshot import Snapshot

ASCII: Final = "".join(map(chr, range(128)))
SURROGATE: Final = re.compile("[\ud800-\udfff]")


class RequestParts(NamedTuple):
    """One request in plain values, as a framework's adapter found them.

    Attributes:
        path: percent-decoded, without the query.
        query: as it was sent, without the question mark.
        headers: name and value in the order received, repeats kept.
        peer: the other end of the connection, without the port.
        route: the template that matched.
        path_params: what its parameters matched.
        body: the whole body, if the policy asks for it.
    """

    method: str
    path: str
    query: bytes
    headers: Iterable[tuple[bytes, bytes]]
    received_at: datetime
    peer: str | None = None
    route: str | None = None
    path_params: Mapping[str, Any] = {}
    body: bytes | None = None


def freeze_request(parts: RequestParts, capture: Capture, request: Any) -> Snapshot:
    """The snapshot of a request, with only what the policy allows.

    Args:
        request: what the policy's ``principal`` and ``context`` functions are called with.

    Raises:
        FrozenError: one of these functions returned what JSON cannot hold.
    """
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in parts.headers]
    hidden = [name for name in parts.path_params if capture.hides(name)]
    return Snapshot(
        method=utf8(parts.method.upper()),
        path=_path(parts, hidden, capture),
        received_at=parts.received_at,
        route=parts.route,
        path_params=FrozenMapping(
            {name: _plain(value, capture) for name, value in parts.path_params.items() if name not in hidden}
        ),
        query=Query.of(_query(parts.query, capture)),
        headers=Headers.of(
            (name, without_secrets(value, capture.hides)) for name, value in headers if capture.allows_header(name)
        ),
        client=_client(parts.peer, headers, capture),
        principal=capture.principal(request) if capture.principal else None,
        context=FrozenMapping(capture.context(request)) if capture.context else FrozenMapping(),
        body=parts.body,
    )


def utf8(text: str) -> str:
    """Text with a replacement character for whatever UTF-8 cannot carry."""
    return text if text.isascii() else SURROGATE.sub("\ufffd", text)


def _query(query: bytes, capture: Capture) -> Iterable[tuple[str, str]]:
    # Bytes beyond ASCII do not belong here, but arrive: they are read as the UTF-8 that they mostly are.
    text = quote_from_bytes(query, safe=ASCII)
    for name, value in parse_qsl(text, keep_blank_values=True, errors="replace"):
        if not capture.hides(name):
            yield name, without_secrets(value, capture.hides)


def _path(parts: RequestParts, hidden: list[str], capture: Capture) -> str:
    """The path, without what its sensitive parameters matched: that would be in it a second time."""
    path = utf8(parts.path)
    for name in hidden:
        secret = utf8(str(parts.path_params[name]))
        if "/" in secret:
            path = path.replace(secret, f"{{{name}}}")
        elif secret:
            path = "/".join(f"{{{name}}}" if part == secret else part for part in path.split("/"))
    return without_secrets(path, capture.hides)


def _plain(value: Any, capture: Capture) -> Frozen:
    """A path parameter: JSON as it is, anything else (a UUID, a number of 30 digits) as its text."""
    if isinstance(value, str):
        return without_secrets(utf8(value), capture.hides)
    try:
        return freeze(value)
    except FrozenError:
        return utf8(str(value))


def _client(peer: str | None, headers: list[tuple[str, str]], capture: Capture) -> str | None:
    forwarded_for = [value for name, value in headers if name == "x-forwarded-for"]
    address = client_address(peer, forwarded_for, networks(tuple(capture.trusted_proxies)))
    return None if address is None else utf8(address)
