"""The operator's way past an offset, as docs/faults.md has it."""

from confluent_kafka import Consumer, TopicPartition


def commit_past(bootstrap_servers: str, group: str, topic: str, partition: int, offset: int) -> None:
    """Let the group begin at an offset; it must have no member."""
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": group})
    try:
        consumer.commit(offsets=[TopicPartition(topic, partition, offset)], asynchronous=False)
    finally:
        consumer.close()
