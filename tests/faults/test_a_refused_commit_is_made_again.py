"""A commit that the broker refuses, whatever it says, ends no worker and loses no progress (I2)."""

import pytest
from confluent_kafka import KafkaError

from stillframe.consumer import TaskContext
from stillframe.consumer.events import Event, PartitionsLost
from stillframe.consumer.health import Health
from tests.engine.faulty import committed_there, create_family_there
from tests.engine.journal import Journal
from tests.engine.looking import log_ends
from tests.engine.running import make_worker, running
from tests.engine.work import Work, submit, work_type
from tests.faulty_kafka import OFFSET_COMMIT, FaultyKafka
from tests.waiting import wait_until

REFUSALS = [
    "REQUEST_TIMED_OUT", "COORDINATOR_LOAD_IN_PROGRESS", "COORDINATOR_NOT_AVAILABLE", "NOT_COORDINATOR",
    "ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID", "REBALANCE_IN_PROGRESS", "OFFSET_METADATA_TOO_LARGE",
    "INVALID_COMMIT_OFFSET_SIZE", "GROUP_AUTHORIZATION_FAILED", "TOPIC_AUTHORIZATION_FAILED",
    "STALE_MEMBER_EPOCH",
]  # fmt: skip
TASKS = 60


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refused_commit_is_made_again(refusal: str) -> None:
    journal = Journal()
    events: list[Event] = []
    health = Health(30.0, [None])

    def handle(work: Work, context: TaskContext) -> None:
        pass

    with FaultyKafka() as kafka:
        task_type = work_type("work")
        worker = make_worker(
            kafka.bootstrap_servers, "g", task_type, handle, middleware=[journal.middleware()],
            listeners=[health, events.append], commit_interval=0.1,
        )  # fmt: skip
        create_family_there(kafka, worker)
        first = submit(kafka.bootstrap_servers, task_type, [Work(number=n, key=f"k{n}") for n in range(TASKS)])
        with running(worker):
            wait_until(lambda: journal.done == set(first), timeout=30, describe="the first tasks to be done")
            wait_until(lambda: health.ready().ok, timeout=10, describe="the worker to be ready")
            kafka.fail(OFFSET_COMMIT, getattr(KafkaError, refusal))
            second = submit(kafka.bootstrap_servers, task_type, [Work(number=n, key=f"k{n}") for n in range(TASKS)])
            wait_until(lambda: journal.done == {*first, *second}, timeout=30, describe="all tasks to be done")
            wait_until(
                lambda: committed_there(kafka, "g", "work") == log_ends(kafka.bootstrap_servers, "work", 2),
                timeout=30,
                describe="everything to be committed",
            )
            assert health.live().ok
            wait_until(lambda: health.ready().ok, timeout=10, describe="the worker to be ready again")

    # Some of them say that the partitions may be another's by now: then it joins anew, and repeats what was not
    # committed. That is the client's decision.
    lost = any(isinstance(event, PartitionsLost) for event in events)
    assert lost or journal.duplicates == set()
