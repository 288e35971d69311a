"""A failed task runs again at its due time, in memory or through a retry topic, and never before (I5)."""

import time

from stillframe.consumer import Retry, RetryAfter, TaskContext
from tests.engine.journal import Journal
from tests.engine.looking import await_commits, read_all
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

IN_MEMORY = 0.7
THROUGH_A_TIER = 2.5
#: What the poll of the tier's consumer and a busy machine may add.
LATENESS = 2.0


def test_a_transient_failure_is_retried_after_its_delay_and_never_before(kafka: Kafka, topic_name: str) -> None:
    journal = Journal()
    failed_at: dict[str, float] = {}

    def handle(work: Work, context: TaskContext) -> None:
        if context.attempt == 1:
            failed_at[context.task_id] = time.time()
            raise RetryAfter(IN_MEMORY if work.kind == "short" else THROUGH_A_TIER)

    task_type = work_type(topic_name)
    worker = make_worker(
        kafka.bootstrap_servers,
        "g",
        task_type,
        handle,
        retry=Retry(max_attempts=3),
        middleware=[journal.middleware()],
        memory_wait=1.0,
        tiers=("5s",),
    )
    create_family(kafka, worker)
    works = [Work(number=n, key=f"k{n}", kind="short" if n % 2 else "long") for n in range(40)]
    ids = submit(kafka.bootstrap_servers, task_type, works)

    with running(worker):
        wait_until(lambda: journal.done >= set(ids), timeout=30, describe="all retries to be done")
        retry_topic = f"{topic_name}.g.retry.5s"
        for topic in (topic_name, retry_topic):
            await_commits(kafka.bootstrap_servers, "g", topic)

    again = {entry.task_id: entry for entry in journal.entries if entry.attempt == 2}
    for number, task_id in enumerate(ids):
        waited = again[task_id].started - failed_at[task_id]
        expected = IN_MEMORY if number % 2 else THROUGH_A_TIER
        assert expected <= waited <= expected + LATENESS
        assert again[task_id].topic == (topic_name if number % 2 else retry_topic)
    assert len(read_all(kafka.bootstrap_servers, retry_topic)) == 20
    assert journal.duplicates == set()
