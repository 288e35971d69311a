"""Submitting to a topic that is missing fails with the cure and does not create it; once it is created the same
producer submits to it within seconds, without a restart."""

import pytest
from confluent_kafka.admin import AdminClient

from stillframe.producer import Receipt, SubmitFailed
from tests.kafka import CreateTopic, Kafka
from tests.producing import Email, email_type, open_producer
from tests.waiting import wait_until


def test_a_topic_created_late_is_found(kafka: Kafka, create_topic: CreateTopic, topic_name: str) -> None:
    with open_producer(kafka.bootstrap_servers) as producer:
        for _ in range(2):
            with pytest.raises(SubmitFailed, match="stillframe topics apply"):
                producer.submit(email_type(topic_name), Email())
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
        assert topic_name not in admin.list_topics(timeout=10).topics
        create_topic(topic_name, partitions=1)

        def submit() -> Receipt | None:
            try:
                return producer.submit(email_type(topic_name), Email())
            except SubmitFailed:
                return None

        receipt = wait_until(submit, timeout=10, describe="the producer to find the topic")
        assert receipt is not None
        assert receipt.offset == 0
