"""Choose ports that a broker can come back to after it was killed."""

import random
import socket

# Below the ranges from which Linux and macOS lend ports to clients. Inside such a range, a client that keeps
# dialling a dead broker ends up connected to itself, and holds the very port the broker needs to come back.
PORTS = range(20_000, 32_000)
LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """Return `count` different ports that nobody listens on."""
    free: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        if len(free) == count:
            return free
        if _is_free(port):
            free.append(port)
    raise OSError(f"no {count} free ports between {PORTS.start} and {PORTS.stop}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Java does: TIME_WAIT is free enough
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def accepts(port: int) -> bool:
    """Say whether somebody answers on that port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0
