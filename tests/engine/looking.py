"""Look at a topic or a group from outside, as an operator's tool would."""

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.waiting import wait_until


def read_all(bootstrap_servers: str, topic: str) -> list[Message]:
    """Every record that is in a topic now."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap_servers, "group.id": "looking", "enable.auto.commit": False}
    )
    try:
        numbers = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        ends = {n: consumer.get_watermark_offsets(TopicPartition(topic, n), timeout=10) for n in numbers}
        consumer.assign([TopicPartition(topic, n, low) for n, (low, high) in ends.items() if high > low])
        wanted = sum(high - low for low, high in ends.values())
        found: list[Message] = []
        wait_until(
            lambda: (
                found.extend(m for m in consumer.consume(500, 0.2) if m.error() is None)
                or len(found) >= wanted
            ),
            timeout=20,
            describe=f"{wanted} records of {topic}",
        )
        return found
    finally:
        consumer.close()


def committed(bootstrap_servers: str, group: str, topic: str, partitions: int = 4) -> list[int]:
    """A group's committed offsets of a topic, by partition; -1001 where there is none."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, n) for n in range(partitions)])
    answer = admin.list_consumer_group_offsets([asked])[group].result(10)
    return [position.offset for position in sorted(answer.topic_partitions, key=lambda p: p.partition)]


def log_ends(bootstrap_servers: str, topic: str, partitions: int = 4) -> list[int]:
    """The end offset of each partition."""
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "looking"})
    try:
        return [
            consumer.get_watermark_offsets(TopicPartition(topic, n), timeout=10)[1] for n in range(partitions)
        ]
    finally:
        consumer.close()
