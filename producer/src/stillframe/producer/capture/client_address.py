"""The address of the client: the peer's, or what proxies that are trusted say of it."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

from stillframe.producer.capture.policy import Network

Address = IPv4Address | IPv6Address


def client_address(peer: str | None, forwarded_for: Iterable[str], trusted: tuple[Network, ...]) -> str | None:
    """Who sent the request, as far as it can be believed.

    Each proxy appends the address of its own peer, so the list is read from its right end, through
    trusted proxies, to the first address that is none of them. What lies further left was written
    by whoever holds that address, and is not looked at; garbage ends the walk likewise.

    Args:
        peer: the other end of the connection.
        forwarded_for: the values of X-Forwarded-For, in order.
        trusted: networks of the proxies that are believed.

    Returns:
        an address in its usual form; nothing if the peer is no IP address. Servers that believe X-Forwarded-For
        themselves, as uvicorn does from 127.0.0.1, give any text that a client wrote there as the peer.
    """
    nearest = None if peer is None else _address(peer)
    if nearest is None:
        return None
    hops = [entry for value in forwarded_for for entry in value.split(",") if entry.strip()]
    while hops and _is_in(nearest, trusted):
        farther = _address(hops.pop())
        if farther is None:
            break
        nearest = farther
    return str(nearest)


def _is_in(address: Address, trusted: tuple[Network, ...]) -> bool:
    return any(address in network for network in trusted)


def _address(text: str) -> Address | None:
    """An address, with or without a port; ``::ffff:10.0.0.1`` is 10.0.0.1."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    if "%" in host:  # a zone is free text, and means nothing on another machine
        return None
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
