"""Choose the broker that the tests share: the given one, Docker's, or a JVM of our own."""

import os
from contextlib import AbstractContextManager

from tests.kafka.cluster import Cluster
from tests.kafka.container import container, docker_available
from tests.kafka.errors import NoKafka
from tests.kafka.given import given
from tests.kafka.jars import missing_tools
from tests.kafka.kafka import Kafka
from tests.kafka.server_properties import Properties


def shared_kafka() -> AbstractContextManager[Kafka]:
    """Return the broker to enter; NoKafka says what is missing when there can be none."""
    if servers := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        return given(servers)
    if docker_available():
        return container()
    return private_cluster()


def private_cluster(nodes: int = 1, properties: Properties | None = None) -> Cluster:
    """Return brokers that the caller may kill and restart, which only our own JVMs are."""
    if missing := missing_tools():
        tools = " and ".join(missing)
        raise NoKafka(f"no real Kafka here: set KAFKA_BOOTSTRAP_SERVERS, start Docker, or install {tools}")
    return Cluster(nodes, properties)
