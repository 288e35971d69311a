import pytest
from confluent_kafka import KafkaError, Message, Producer

from tests.kafka import Cluster, create_topic


@pytest.mark.parametrize("own_kafka", [3], indirect=True)
def test_three_brokers_go_on_as_two(own_kafka: Cluster, topic_name: str) -> None:
    """With replication 3, every record is acknowledged although one broker is killed under way."""
    create_topic(own_kafka.bootstrap_servers, topic_name, partitions=6)  # each broker leads two
    settings = {"bootstrap.servers": own_kafka.bootstrap_servers, "enable.idempotence": True, "log_level": 0}
    producer = Producer(settings)
    errors: list[KafkaError | None] = []

    def report(error: KafkaError | None, message: Message) -> None:
        errors.append(error)

    for number in range(600):
        if number == 300:
            own_kafka.kill(node=2)
        producer.produce(topic_name, b"%d" % number, on_delivery=report)
        producer.poll(0)
    assert producer.flush(60) == 0

    assert errors == [None] * 600
    own_kafka.restart(node=2)
