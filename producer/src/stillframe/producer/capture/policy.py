"""What is taken from a request: little by default, secrets only by name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Final

from stillframe.producer.capture.sensitive import sensitive
from stillframe.schemas.errors import DefinitionError
from stillframe.schemas.frozen import frozen

#: The request headers that a snapshot has unless it is told otherwise.
DEFAULT_HEADERS: Final = (
    "content-type", "user-agent", "x-request-id", "traceparent", "tracestate", "accept-language",
)  # fmt: skip

#: RFC 9110 §5.6.2, in lower case.
HEADER_NAME: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")

Network = IPv4Network | IPv6Network


@frozen
class Capture:
    """The policy by which requests are captured. One object serves all requests and threads.

    Attributes:
        headers: names of the request headers to take, in place of :data:`DEFAULT_HEADERS`.
        body: the largest request body to take, in bytes; ``False`` takes none.
        trusted_proxies: networks (CIDR) of the proxies whose X-Forwarded-For is believed. Leave it
            empty where the server itself already puts the client's address in place.
        principal: from the framework's request to the name of who asks; never a credential.
        context: from the framework's request to further JSON values.
        reveal: names of headers and parameters to take although they look like secrets. A header
            must be named in ``headers`` as well.

    Raises:
        DefinitionError: a part is not what it should be, or ``headers`` names a secret that
            ``reveal`` does not.
    """

    headers: Collection[str] = DEFAULT_HEADERS
    body: int | bool = False
    trusted_proxies: Collection[str] = ()
    principal: Callable[[Any], str | None] | None = None
    context: Callable[[Any], Mapping[str, Any]] | None = None
    reveal: Collection[str] = ()

    def __post_init__(self) -> None:
        """Check everything here: a request is no place to find out."""
        headers, reveal = _names(self.headers, "headers"), _names(self.reveal, "reveal")
        object.__setattr__(self, "headers", headers)
        object.__setattr__(self, "reveal", reveal)
        object.__setattr__(self, "trusted_proxies", tuple(_each(self.trusted_proxies, "trusted_proxies")))
        _check_secrets(headers, reveal)
        _check_body(self.body)
        networks(tuple(self.trusted_proxies))
        for name in ("principal", "context"):
            _check_function(name, getattr(self, name))

    def allows_header(self, name: str) -> bool:
        return name.lower() in self.headers

    def hides(self, name: str) -> bool:
        """Whether a query or path parameter of this name is to be left out."""
        return sensitive(name) and name.lower() not in self.reveal


@lru_cache(maxsize=64)
def networks(cidrs: tuple[str, ...]) -> tuple[Network, ...]:
    """The networks that the texts describe.

    Raises:
        DefinitionError: names the text that is no network.
    """
    return tuple(map(_network, cidrs))


def _network(cidr: str) -> Network:
    try:
        return ip_network(cidr)
    except ValueError as error:
        raise DefinitionError(f"trusted_proxies: {error}; write 10.0.0.0/8, fd00::/8 or 10.0.0.7") from None


def _each(given: object, what: str) -> Collection[str]:
    if isinstance(given, str) or not isinstance(given, Collection):
        raise DefinitionError(f"{what} is a {type(given).__name__}: give a tuple of names")
    for name in given:
        if not isinstance(name, str):
            raise DefinitionError(f"{what} holds a {type(name).__name__}: give names as text")
    return given


def _names(given: object, what: str) -> frozenset[str]:
    return frozenset(name.lower() for name in _each(given, what))


def _check_secrets(headers: frozenset[str], reveal: frozenset[str]) -> None:
    for name in sorted(headers):
        if HEADER_NAME.fullmatch(name) is None:
            raise DefinitionError(f"headers: {name!r} is not the name of a header")
        if sensitive(name) and name not in reveal:
            raise DefinitionError(
                f"headers: {name!r} looks like a secret, and snapshots are kept in Kafka; "
                f"to take it all the same, say so by name: reveal=({name!r},)"
            )
    for name in sorted(reveal):
        if not sensitive(name):
            raise DefinitionError(f"reveal: {name!r} does not look like a secret; it needs no leave")


def _check_body(body: object) -> None:
    if body is not False and (isinstance(body, bool) or not isinstance(body, int) or body < 1):
        raise DefinitionError("body is the largest body to take, in bytes from 1, or False to take none")


def _check_function(name: str, function: object) -> None:
    if function is None:
        return
    if not callable(function) or inspect.iscoroutinefunction(function):
        raise DefinitionError(
            f"{name} must be an ordinary function of the request: a snapshot is taken without waiting"
        )
