"""16 threads submit 500 tasks each through one producer: every one is in Kafka exactly once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.engine.looking import read_all
from tests.kafka import CreateTopic, Kafka
from tests.producing import Email, email_type, open_producer, task_ids

THREADS, EACH = 16, 500


def test_16_threads_submit_each_task_once(kafka: Kafka, create_topic: CreateTopic, topic_name: str) -> None:
    task_type = email_type(create_topic(topic_name))
    with open_producer(kafka.bootstrap_servers, queue_size=8, queue_timeout=30) as producer:

        def submit_all(thread: int) -> list[str]:
            emails = [Email(to=f"{thread}@example.com", subject=str(number)) for number in range(EACH)]
            return [producer.submit(task_type, email).task_id for email in emails]

        with ThreadPoolExecutor(THREADS) as pool:
            acknowledged = [task_id for ids in pool.map(submit_all, range(THREADS)) for task_id in ids]

    assert len(acknowledged) == THREADS * EACH
    assert Counter(task_ids(read_all(kafka.bootstrap_servers, topic_name))) == Counter(acknowledged)
