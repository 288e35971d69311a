"""8,000 coroutines of one event loop submit a task each: every one is in Kafka exactly once."""

import asyncio
from collections import Counter

from stillframe.producer import Producer
from tests.engine.looking import read_all
from tests.kafka import CreateTopic, Kafka
from tests.producing import Email, email_type, settings_for, task_ids

TASKS = 8_000


def test_an_event_loop_submits_each_task_once(kafka: Kafka, create_topic: CreateTopic, topic_name: str) -> None:
    task_type = email_type(create_topic(topic_name))
    settings = settings_for(kafka.bootstrap_servers, queue_size=50, queue_timeout=60, delivery_timeout=60)

    async def submit_all() -> list[str]:
        async with Producer(settings) as producer:
            emails = [Email(subject=str(number)) for number in range(TASKS)]
            receipts = await asyncio.gather(*(producer.asubmit(task_type, email) for email in emails))
            return [receipt.task_id for receipt in receipts]

    acknowledged = asyncio.run(submit_all())
    assert len(acknowledged) == TASKS
    assert Counter(task_ids(read_all(kafka.bootstrap_servers, topic_name))) == Counter(acknowledged)
