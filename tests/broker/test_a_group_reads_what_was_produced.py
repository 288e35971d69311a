import pytest
from confluent_kafka import Consumer, Producer

from tests.kafka import CreateTopic, Kafka
from tests.waiting import wait_until


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_group_reads_what_was_produced(
    kafka: Kafka, topic_name: str, create_topic: CreateTopic, protocol: str
) -> None:
    """The shared broker is a real one: it keeps records, forms groups of both protocols and commits."""
    create_topic(topic_name, partitions=4)
    values = {b"%d" % number for number in range(100)}
    produce(kafka, topic_name, values)
    assert read_as_group(kafka, topic_name, protocol, expected=len(values)) == values
    produce(kafka, topic_name, {b"later"})
    assert read_as_group(kafka, topic_name, protocol, expected=1) == {b"later"}


def produce(kafka: Kafka, topic: str, values: set[bytes]) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(10) == 0


def read_as_group(kafka: Kafka, topic: str, protocol: str, expected: int) -> set[bytes]:
    """Join the group named like the topic, read that many records, commit and leave."""
    group = {"group.id": topic, "group.protocol": protocol}
    reading = {"auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap_servers, **group, **reading})
    seen: set[bytes] = set()

    def all_read() -> bool:
        seen.update(value for message in consumer.consume(100, 0.1) if (value := message.value()))
        return len(seen) >= expected

    try:
        consumer.subscribe([topic])
        wait_until(all_read, timeout=30, describe=f"{expected} records of {topic}")
        consumer.commit(asynchronous=False)
    finally:
        consumer.close()
    return seen
