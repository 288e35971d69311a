"""The broker inside librdkafka, for trying out without installing Kafka."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from confluent_kafka.admin import AdminClient

LIMITS: Final = (
    "for trying out only: everything is in memory and gone when it stops",
    "a topic is created when `stillframe topics apply` asks for it, always with 4 partitions",
    "a partition keeps 5 MB and drops its oldest records beyond that, done or not",
    "topic settings cannot be read or changed, so a worker's check of them is skipped",
)
START_TIMEOUT: Final = 10.0


class EmbeddedBroker:
    """A Kafka broker on a free port of 127.0.0.1 while the context lasts; other processes can reach it.

    ``test.mock.num.brokers`` is librdkafka's own property; ``LIMITS`` says what this broker is not.
    """

    def __init__(self) -> None:
        self._client: AdminClient | None = None
        self.bootstrap_servers = ""

    def __enter__(self) -> Self:
        self._client = AdminClient({"test.mock.num.brokers": 1, "log_level": 0})
        brokers = self._client.list_topics(timeout=START_TIMEOUT).brokers.values()
        self.bootstrap_servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._client = None  # the last reference: librdkafka ends the broker with its client
