"""A key goes to the partition that Java's clients choose for it, whatever the durability, so that producers in both
languages keep one order; without a key, partitions are spread over."""

import pytest

from stillframe.producer import Durability
from tests.kafka import CreateTopic, Kafka
from tests.producing import Email, email_type, open_producer

#: Hashes that Apache Kafka's own UtilsTest.testMurmur2 expects.
MURMUR2 = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}
PARTITIONS = 7


@pytest.mark.parametrize("durability", [Durability.SYNC, Durability.SEMI_SYNC])
def test_keys_lie_where_java_puts_them(
    kafka: Kafka, create_topic: CreateTopic, topic_name: str, durability: Durability
) -> None:
    task_type = email_type(create_topic(topic_name, partitions=PARTITIONS))
    with open_producer(kafka.bootstrap_servers, durability=durability) as producer:
        found = {key: producer.submit(task_type, Email(), key=key).partition for key in MURMUR2}
        assert found == {key: (value & 0x7FFFFFFF) % PARTITIONS for key, value in MURMUR2.items()}
        unordered = {receipt.partition for receipt in producer.submit_many(task_type, [Email()] * 500, key=None)}
        assert len(unordered) > 1
