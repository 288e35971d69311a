"""Brokers of one's own: started, killed and restarted at will."""

import tempfile
from collections.abc import Iterable
from functools import partial
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.kafka import jars
from tests.kafka.node import Node
from tests.kafka.ports import LOOPBACK, accepts, free_ports
from tests.kafka.readiness import START_TIMEOUT, await_brokers
from tests.kafka.server_properties import Properties, for_node, with_detour
from tests.kafka.watchdog import Watchdog
from tests.waiting import wait_until

REMOVE_LATER = 'sleep 1; rm -rf "$1"'  # dying brokers still write for a moment


class Cluster:
    """Apache Kafka in KRaft mode on loopback, every node broker and controller in one; nodes count from 1.

    Attributes:
        detours: for each node the port that its second listener advertises, and the one on which it listens:
            a proxy that leads from the one to the other has all the traffic of whoever starts at the first.
    """

    source = "java"

    def __init__(self, nodes: int = 1, properties: Properties | None = None) -> None:
        """Choose the ports; nothing runs and nothing is on disk before `start`.

        `properties` are added to every node's server.properties.
        """
        self._properties = dict(properties or {})
        self.version = jars.version()
        ports = iter(free_ports(4 * nodes))
        self._ports = dict(enumerate(islice(ports, nodes), start=1))
        self._controller_ports = dict(enumerate(islice(ports, nodes), start=1))
        self.detours = dict(enumerate(zip(ports, ports, strict=True), start=1))
        self._nodes: dict[int, Node] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._janitor: Watchdog | None = None

    @property
    def bootstrap_servers(self) -> str:
        """The addresses of all nodes; they stay the same over a restart."""
        return _addresses(self._ports.values())

    @property
    def detour_servers(self) -> str:
        """The addresses of the proxy that the caller puts before every node."""
        return _addresses(advertised for advertised, _ in self.detours.values())

    @property
    def nodes(self) -> list[int]:
        """The numbers of all nodes."""
        return list(self._ports)

    @property
    def logs(self) -> list[Path]:
        """The log file of every node, gone after `stop`."""
        return [node.log for node in self._nodes.values()]

    @property
    def pids(self) -> list[int]:
        """The process ids of the nodes that run."""
        return [node.pid for node in self._nodes.values() if node.pid]

    def start(self) -> None:
        """Format and start every node, and return when all of them serve clients."""
        libs = jars.resolve()
        self._folder = tempfile.TemporaryDirectory(prefix="stillframe-kafka-")
        self._janitor = Watchdog("sh", "-c", REMOVE_LATER, "sh", self._folder.name)
        for number in self._ports:
            properties = {**for_node(number, self._ports, self._controller_ports), **self._properties}
            advertised, listens = self.detours[number]
            self._nodes[number] = Node(
                Path(self._folder.name) / f"node-{number}", libs, with_detour(properties, listens, advertised)
            )
        try:
            for node in self._nodes.values():
                node.format()
                node.start()
            self.await_running()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every node at once and throw the data away.

        With kill -9, since nothing is worth saving, and the last nodes of a cluster, asked politely, would
        wait for a quorum that is gone. A clean shutdown is what `restart` gives to a node that runs.
        """
        for node in self._nodes.values():
            node.kill()
        if self._folder and self._janitor:
            self._folder.cleanup()
            self._janitor.dismiss()

    def kill(self, node: int = 1) -> None:
        """Kill -9 one node; its port and its data stay."""
        self._nodes[node].kill()

    def restart(self, node: int = 1) -> None:
        """Start one node again on its port and its data, after a clean shutdown if it still runs."""
        self.launch(node)
        self.await_running()

    def terminate(self, node: int) -> None:
        """Ask one node to end, which gives its leaderships away before; returns at once."""
        self._nodes[node].terminate()

    def launch(self, node: int) -> None:
        """Start one node again, as `restart`, but do not wait for it to serve."""
        self._nodes[node].stop()
        self._nodes[node].start()

    def await_running(self) -> None:
        """Wait for every running node to open its port, and then for the cluster to count them all.

        The port comes first: a cluster goes on listing a killed node until its session ends, and would call
        its successor ready before it is; but a node opens its port only once it is registered anew.
        """
        running = {number: node for number, node in self._nodes.items() if node.pid}
        for number, node in running.items():
            wait_until(partial(self._serves, number, node), timeout=START_TIMEOUT, describe=f"node {number} to start")
        await_brokers(self.bootstrap_servers, len(running))

    def _serves(self, number: int, node: Node) -> bool:
        if not node.pid:
            raise AssertionError(f"node {number} of Kafka did not start:\n{node.last_words()}")
        return accepts(self._ports[number])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()


def _addresses(ports: Iterable[int]) -> str:
    return ",".join(f"{LOOPBACK}:{port}" for port in ports)
