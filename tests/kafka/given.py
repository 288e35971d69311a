"""The broker somebody else runs and names in KAFKA_BOOTSTRAP_SERVERS."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.kafka.kafka import Kafka, KafkaElsewhere
from tests.kafka.readiness import await_brokers

ANSWER_TIMEOUT = 15.0


@contextmanager
def given(bootstrap_servers: str) -> Iterator[Kafka]:
    """Make sure that it answers, and leave it as it is afterwards: the tests' topics stay there.

    Its version stays unknown: the protocol tells a client what a broker can do, not what it is called.
    """
    await_brokers(bootstrap_servers, timeout=ANSWER_TIMEOUT)
    yield KafkaElsewhere(bootstrap_servers, "of unknown version", "KAFKA_BOOTSTRAP_SERVERS")
