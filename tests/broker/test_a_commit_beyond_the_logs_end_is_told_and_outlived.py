"""A log that was cut below the committed offset is told of, and read on from its end (I2, I9)."""

from confluent_kafka import Consumer, TopicPartition

from stillframe.consumer.events import Event, PartitionStopped, Warned
from stillframe.consumer.health import Health
from stillframe.consumer.progress.metadata import encode
from tests.engine.journal import Journal
from tests.engine.looking import await_commits
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

KEPT, COMMITTED = 5, 1_000


def test_a_commit_beyond_the_logs_end_is_told_and_outlived(kafka: Kafka, topic_name: str) -> None:
    """As after an unclean election. What is left of the log was done; what comes then is, though below the commit."""
    bootstrap, task_type, journal = kafka.bootstrap_servers, work_type(topic_name), Journal()
    events: list[Event] = []
    health = Health(30.0, [None])
    worker = make_worker(
        bootstrap, "g", task_type, lambda work, context: None, middleware=[journal.middleware()],
        listeners=[health, events.append],
    )  # fmt: skip
    create_family(kafka, worker, 1)
    submit(bootstrap, task_type, [Work(number=n) for n in range(KEPT)])
    position = TopicPartition(topic_name, 0, COMMITTED, encode(COMMITTED, [(COMMITTED + 1, COMMITTED + 9)]))
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "g", "enable.auto.commit": False})
    try:
        consumer.commit(offsets=[position], asynchronous=False)
    finally:
        consumer.close()

    def told() -> list[str]:
        return [event.text for event in tuple(events) if isinstance(event, Warned) and topic_name in event.text]

    with running(worker):
        wait_until(lambda: any("was cut short" in text for text in told()), timeout=30, describe="a warning")
        assert any("is ignored: it reaches beyond the log's end" in text for text in told())
        assert any(isinstance(event, PartitionStopped) for event in events)
        added = submit(bootstrap, task_type, [Work(number=n) for n in range(KEPT)])
        wait_until(lambda: journal.done == set(added), timeout=30, describe="the new tasks to be done")
        await_commits(bootstrap, "g", topic_name, 1)
        wait_until(lambda: health.ready().ok, timeout=20, describe="readiness")
