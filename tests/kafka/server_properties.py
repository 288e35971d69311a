"""The brokers' settings: Apache Kafka's defaults, but for what makes a test slow or the machine full."""

from collections.abc import Mapping

from tests.kafka.ports import LOOPBACK

CLUSTER_ID = "c3RpbGxmcmFtZS10ZXN0cw"

Properties = Mapping[str, str | int]


def single_node(port: int, controller_port: int, bind: str = LOOPBACK) -> Properties:
    """Return the settings of a broker that is its own controller."""
    return for_node(1, ports={1: port}, controller_ports={1: controller_port}, bind=bind)


def for_node(
    node: int, ports: Mapping[int, int], controller_ports: Mapping[int, int], bind: str = LOOPBACK
) -> Properties:
    """Return the settings of one node, broker and controller in one, of a cluster with static voters."""
    voters = ",".join(f"{voter}@{LOOPBACK}:{port}" for voter, port in controller_ports.items())
    return {
        "node.id": node,
        "process.roles": "broker,controller",
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{bind}:{ports[node]},CONTROLLER://{LOOPBACK}:{controller_ports[node]}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{ports[node]}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        **_replication(len(ports)),
        **QUICK,
    }


def with_detour(properties: Properties, port: int, advertised: int) -> Properties:
    """Return the settings with one more listener, whose clients are sent to another port than its own.

    A client asks any broker where all of them are, and goes there: only what is advertised leads it through
    a proxy.
    """
    return {
        **properties,
        "listeners": f"{properties['listeners']},DETOUR://{LOOPBACK}:{port}",
        "advertised.listeners": f"{properties['advertised.listeners']},DETOUR://{LOOPBACK}:{advertised}",
        "listener.security.protocol.map": f"{properties['listener.security.protocol.map']},DETOUR:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
    }


def _replication(nodes: int) -> Properties:
    copies = min(3, nodes)
    in_sync = min(2, nodes)
    return {
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
    }


QUICK: Properties = {
    # as production should have it: a topic that the code did not create is a mistake
    "auto.create.topics.enable": "false",
    # internal topics with few partitions, and a log cleaner with 2 MB instead of 128
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.num.partitions": 4,
    "log.cleaner.dedupe.buffer.size": 2 * 1024 * 1024,
    # classic groups form at once, and may ask for short sessions
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1_000,
    # KIP-848 groups take their session from the broker: here 6 s, as our tests of classic groups do, not 45
    "group.consumer.min.session.timeout.ms": 1_000,
    "group.consumer.session.timeout.ms": 6_000,
    "group.consumer.min.heartbeat.interval.ms": 500,
    "group.consumer.heartbeat.interval.ms": 1_000,
    # after a kill -9 the controller takes a broker back only when its old session is over: 3 s, not 9
    "broker.session.timeout.ms": 3_000,
    "broker.heartbeat.interval.ms": 500,
}
