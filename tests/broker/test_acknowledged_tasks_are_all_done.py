"""Every task whose submission was acknowledged is done once, and commits reach the log's end (I1)."""

from tests.engine.journal import Journal
from tests.engine.looking import committed, log_ends
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

TASKS = 2_000


def test_acknowledged_tasks_are_all_done(kafka: Kafka, topic_name: str) -> None:
    journal = Journal()
    task_type = work_type(topic_name)
    worker = make_worker(
        kafka.bootstrap_servers, "g", task_type, lambda work, context: None, middleware=[journal.middleware()]
    )
    create_family(kafka, worker)
    works = [Work(number=number, key=f"key-{number % 50}") for number in range(TASKS)]

    acknowledged = submit(kafka.bootstrap_servers, task_type, works)
    with running(worker):
        wait_until(lambda: len(journal.entries) >= TASKS, timeout=60, describe="all tasks to be done")

    assert journal.done == set(acknowledged)
    assert journal.duplicates == set()
    assert committed(kafka.bootstrap_servers, "g", topic_name) == log_ends(kafka.bootstrap_servers, topic_name)
