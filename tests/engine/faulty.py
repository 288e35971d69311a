"""A worker on a Kafka that fails on command."""

from collections.abc import Sequence

from confluent_kafka import Consumer, TopicPartition

from stillframe.consumer import Worker
from tests.faulty_kafka import FaultyKafka


def create_family_there(kafka: FaultyKafka, worker: Worker, partitions: int = 2) -> None:
    """Create every topic of a worker; the admin protocol cannot here."""
    for family in worker.families():
        for name in family.names:
            kafka.create_topic(name, partitions)


def committed_there(kafka: FaultyKafka, group: str, topic: str, partitions: int = 2) -> Sequence[int]:
    """A group's committed offsets of a topic, by partition."""
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": group, "log_level": 0})
    try:
        answer = consumer.committed([TopicPartition(topic, n) for n in range(partitions)], timeout=10)
        return [position.offset for position in answer]
    finally:
        consumer.close()
