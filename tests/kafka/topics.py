"""Create topics on a test broker."""

import re
import secrets
from collections.abc import Mapping
from typing import Protocol

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic  # the admin module re-exports it, but not for type checkers

from tests.kafka.readiness import admin_client
from tests.waiting import wait_until

CREATE_TIMEOUT = 30.0
Config = Mapping[str, str | int]


class CreateTopic(Protocol):
    """The type of the fixture `create_topic`, for tests to name."""

    def __call__(self, name: str, partitions: int = 4, config: Config | None = None) -> str: ...


def unique_name(words: str) -> str:
    """Return a legal topic name, at most 87 characters long, that is readable and was never used before.

    Dots and underscores become dashes: Kafka's metrics take one for the other, and ours separate the words of
    a retry topic's name with dots.
    """
    readable = re.sub(r"[^a-zA-Z0-9]+", "-", words).strip("-")[:80]
    return f"{readable}-{secrets.token_hex(3)}"


def create_topic(bootstrap_servers: str, name: str, partitions: int = 4, config: Config | None = None) -> str:
    """Create a topic and return its name once every partition has a leader that clients can see."""
    admin = admin_client(bootstrap_servers)
    settings = {key: str(value) for key, value in (config or {}).items()}
    topic = NewTopic(
        name, num_partitions=partitions, replication_factor=-1, config=settings
    )  # -1: the broker's default
    admin.create_topics([topic], operation_timeout=CREATE_TIMEOUT)[name].result(CREATE_TIMEOUT)
    wait_until(
        lambda: _leaders(admin, name) == partitions,
        timeout=CREATE_TIMEOUT,
        describe=f"{partitions} partitions of {name} to have leaders",
    )
    return name


def _leaders(admin: AdminClient, topic: str) -> int:
    try:
        partitions = admin.list_topics(topic, timeout=5).topics[topic].partitions.values()
    except KafkaException:
        return 0
    return sum(1 for partition in partitions if partition.leader >= 0)
