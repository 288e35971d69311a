"""A task of exactly the maximum size, failing with a long error, fits into the dead-letter topic (I8)."""

import pytest

from stillframe.consumer import PermanentError, TaskContext
from stillframe.producer import PayloadTooLarge
from stillframe.schemas import TaskType
from stillframe.schemas.wire import MAX_TASK_BYTES
from tests.engine.looking import log_ends, read_all
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until


def test_a_task_of_maximum_size_fails_into_the_dlq(kafka: Kafka, topic_name: str) -> None:
    def handle(work: Work, context: TaskContext) -> None:
        raise PermanentError("a very long story " * 10_000)

    task_type = work_type(topic_name)
    worker = make_worker(kafka.bootstrap_servers, "g", task_type, handle)
    create_family(kafka, worker, partitions=1)
    bootstrap, dead_letter_topic = kafka.bootstrap_servers, f"{topic_name}.g.dlq"
    padding = _largest_padding(bootstrap, task_type)

    with pytest.raises(PayloadTooLarge):
        submit(bootstrap, task_type, [Work(number=1, padding="x" * (padding + 1))])
    submit(bootstrap, task_type, [Work(number=1, padding="x" * padding)])
    with running(worker):
        wait_until(lambda: log_ends(bootstrap, dead_letter_topic, 1) == [1], timeout=30, describe="the dead letter")

    original, letter = read_all(bootstrap, topic_name)[0], read_all(bootstrap, dead_letter_topic)[0]
    assert len(original.value or b"") == MAX_TASK_BYTES
    assert letter.value == original.value


def _largest_padding(bootstrap: str, task_type: TaskType[Work]) -> int:
    """What brings the encoded task to the maximum: found by asking for far too much."""
    with pytest.raises(PayloadTooLarge) as caught:
        submit(bootstrap, task_type, [Work(number=1, padding="x" * MAX_TASK_BYTES)])
    return MAX_TASK_BYTES - (caught.value.size - MAX_TASK_BYTES)
