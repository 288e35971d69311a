"""A task within our limit but above its topic's is refused by the broker: the error names both settings, and the
producer goes on."""

import random

import pytest

from stillframe.producer import SubmitFailed
from tests.kafka import CreateTopic, Kafka
from tests.producing import Email, email_type, open_producer


def test_a_task_too_large_for_its_topic_names_the_cure(
    kafka: Kafka, create_topic: CreateTopic, topic_name: str
) -> None:
    task_type = email_type(create_topic(topic_name, config={"max.message.bytes": 10_000}))
    incompressible = random.Random(1).randbytes(20_000).hex()
    with open_producer(kafka.bootstrap_servers) as producer:
        with pytest.raises(SubmitFailed, match=r"lower max_task_bytes, or raise max\.message\.bytes"):
            producer.submit(task_type, Email(subject=incompressible))
        assert producer.submit(task_type, Email()).offset == 0
