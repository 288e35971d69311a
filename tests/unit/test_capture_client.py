"""The client's address: no more is believed than the trusted proxies vouch for."""

from ipaddress import ip_network

import pytest

from stillframe.producer.capture.client_address import client_address

PROXIES = tuple(map(ip_network, ("10.0.0.0/8", "fd00::/8", "192.0.2.7/32")))


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("203.0.113.1", [], "203.0.113.1"),
        ("203.0.113.1", ["1.1.1.1"], "203.0.113.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1,203.0.113.9,10.0.0.2,192.0.2.7"], "203.0.113.9"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["203.0.113.9, , ,"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1, garbage"], "10.0.0.1"),
        ("10.0.0.1", ["1.1.1.1, unknown, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["<script>", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:DB8::9]:4711"], "2001:db8::9"),
        ("10.0.0.1", ["2001:db8:0:0::9"], "2001:db8::9"),
        ("10.0.0.1", ["fe80::1%<b>"], "10.0.0.1"),
        ("10.0.0.1", ["0x7f.1"], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("fd00::1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("Bearer 4711", ["203.0.113.9"], None),
        ("", ["203.0.113.9"], None),
        (None, ["203.0.113.9"], None),
        ("10.0.0.1", [",".join(["10.0.0.2"] * 10_000)], "10.0.0.2"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_the_rightmost_address_that_is_not_ours(
    peer: str | None, forwarded_for: list[str], client: str | None
) -> None:
    """The walk goes from the right through trusted hops; what a client wrote further left is not believed."""
    assert client_address(peer, forwarded_for, PROXIES) == client


def test_without_trusted_proxies_the_peer_is_the_client() -> None:
    """X-Forwarded-For alone proves nothing."""
    assert client_address("203.0.113.1", ["1.1.1.1"], ()) == "203.0.113.1"
