from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from tests.kafka import Cluster, create_topic


def test_acknowledged_records_survive_a_killed_broker(own_kafka: Cluster, topic_name: str) -> None:
    """A broker that was killed comes back on the same port with every record it had acknowledged."""
    address = own_kafka.bootstrap_servers
    create_topic(address, topic_name, partitions=1)
    producer = Producer({"bootstrap.servers": address, "log_level": 0})
    acknowledged = produce(producer, topic_name, range(500))

    own_kafka.kill()
    own_kafka.restart()

    assert own_kafka.bootstrap_servers == address
    acknowledged += produce(producer, topic_name, range(500, 600))
    assert read(address, topic_name, len(acknowledged)) == acknowledged == [b"%d" % n for n in range(600)]


def produce(producer: Producer, topic: str, numbers: range) -> list[bytes | None]:
    """Produce the numbers and return those that the broker acknowledged, in its order."""
    acknowledged: list[bytes | None] = []

    def report(error: KafkaError | None, message: Message) -> None:
        if error is None:
            acknowledged.append(message.value())

    for number in numbers:
        producer.produce(topic, b"%d" % number, on_delivery=report)
    assert producer.flush(30) == 0
    return acknowledged


def read(address: str, topic: str, count: int) -> list[bytes | None]:
    consumer = Consumer({"bootstrap.servers": address, "group.id": "unused", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, 0)])
    try:
        return [message.value() for message in consumer.consume(count, 30)]
    finally:
        consumer.close()
