"""A commit that the broker refuses for the size of its metadata is made again with less of it, and taken (I2)."""

import pytest

from stillframe.consumer import Ordering, Retry, TaskContext
from stillframe.consumer.events import CommitFailed, Event, Warned
from tests.engine.looking import committed, committed_metadata
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Cluster
from tests.waiting import wait_until

#: Every other one fails and waits: the map of the others takes twice what the broker does.
TASKS, LIMIT = 6_000, 500


@pytest.mark.parametrize("own_kafka", [{"offset.metadata.max.bytes": LIMIT}], indirect=True, ids=["500-bytes"])
def test_commit_metadata_too_large_for_the_broker_goes_out_shorter(own_kafka: Cluster, topic_name: str) -> None:
    bootstrap, group, task_type = own_kafka.bootstrap_servers, group_of(topic_name), work_type(topic_name)
    events: list[Event] = []

    def handle(work: Work, context: TaskContext) -> None:
        if work.number % 2 == 0:
            raise ConnectionError

    worker = make_worker(
        bootstrap, group, task_type, handle, ordering=Ordering.UNORDERED, retry=Retry(base=600, cap=600, jitter=0),
        listeners=[events.append], memory_wait=900, log_level="error",
    )  # fmt: skip
    create_family(own_kafka, worker, 1)
    submit(bootstrap, task_type, [Work(number=n) for n in range(TASKS)])

    def known() -> int:
        return len(committed_metadata(bootstrap, group, topic_name, 1)[0].runs)

    with running(worker):
        wait_until(
            lambda: [event for event in tuple(events) if isinstance(event, Warned) and "metadata" in event.text],
            timeout=60,
            describe="a warning",
        )
        wait_until(lambda: known() > TASKS / 5, timeout=30, describe="what fits to be committed")
        assert committed(bootstrap, group, topic_name, 1) == [0]

    refused = [event for event in events if isinstance(event, CommitFailed)]
    assert "METADATA" in refused[0].error.upper()
    assert len(refused) <= 3
