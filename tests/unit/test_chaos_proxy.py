"""The proxy of the chaos runs: what passes, what is held, and that it then arrives."""

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.chaos.proxy import Proxy
from tests.kafka.ports import LOOPBACK, free_ports


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that sends everything back, on a port."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(1024):
                connection.sendall(data)

    with socket.create_server((LOOPBACK, 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_what_is_cut_passes_nothing_until_it_is_healed(echo: int) -> None:
    """No connection ends meanwhile, and nothing is lost: a network partition, as both ends see it."""
    (port,) = free_ports(1)
    with Proxy([(port, echo)]) as proxy, socket.create_connection((LOOPBACK, port), timeout=5) as client:
        client.sendall(b"before")
        assert client.recv(100) == b"before"
        proxy.cut()
        client.sendall(b"during")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(100)
        proxy.heal()
        client.settimeout(5)
        assert client.recv(100) == b"during"


def test_a_connection_made_while_it_is_cut_waits(echo: int) -> None:
    """As one whose first packet is lost."""
    (port,) = free_ports(1)
    with Proxy([(port, echo)]) as proxy:
        proxy.cut()
        with socket.create_connection((LOOPBACK, port), timeout=5) as client:
            client.sendall(b"early")
            client.settimeout(0.2)
            with pytest.raises(TimeoutError):
                client.recv(100)
            proxy.heal()
            client.settimeout(5)
            assert client.recv(100) == b"early"


def test_a_broker_that_is_down_is_down_behind_the_proxy_too() -> None:
    """The connection ends, as the broker's own port would refuse it."""
    port, nobody = free_ports(2)
    with Proxy([(port, nobody)]), socket.create_connection((LOOPBACK, port), timeout=5) as client:
        assert client.recv(100) == b""
