"""RecordingProducer: the producer of an application's own tests."""

import asyncio
import threading
from typing import Any

import pytest

from stillframe.producer import (
    Durability,
    PayloadTooLarge,
    Producer,
    ProducerClosed,
    ProducerSettings,
    Receipt,
    SubmitError,
    SubmitFailed,
    SubmitIncomplete,
    SubmitRejected,
    SubmitUnknown,
)
from stillframe.producer.testing import RecordingProducer
from stillframe.schemas import EncodeError, Snapshot, TaskType
from tests.producing import Email, email_type


def test_tasks_are_what_a_worker_would_get(snapshot: Snapshot) -> None:
    """Decoded from the wire, with payloads of the type's model."""
    with RecordingProducer() as producer:
        receipt = producer.submit(email_type(), Email(to="bob"), snapshot=snapshot, delay=5)
        producer.submit(TaskType("other", Email, topic="others"), Email())
    first, second = producer.tasks
    assert first.payload == Email(to="bob")
    assert (first.snapshot, first.key, str(first.id)) == (snapshot, b"bob", receipt.task_id)
    assert first.not_before is not None
    assert (second.type, second.key) == ("other", None)
    assert [(record.topic, record.offset) for record in producer.records] == [("emails", 0), ("others", 0)]


@pytest.fixture
def snapshot() -> Snapshot:
    from datetime import UTC, datetime

    return Snapshot(method="POST", path="/emails", received_at=datetime.now(UTC))


def test_the_whole_surface_is_there() -> None:
    """Every way of submitting records, and it is a Producer, for whoever injects one."""
    reported: list[Receipt] = []

    async def scenario() -> None:
        async with RecordingProducer(on_report=reported.append) as producer:
            await producer.asubmit(email_type(), Email())
            await producer.asubmit_many(email_type(), [Email(), Email()], durability=Durability.SEMI_SYNC)
            producer.submit_many(email_type(), [Email()], durability=Durability.ASYNC)
            assert await producer.aflush() == 0
            assert isinstance(producer, Producer)
            assert producer.healthy
            assert [task.type for task in producer.tasks] == ["send_email"] * 4

    asyncio.run(scenario())
    assert [receipt.offset for receipt in reported] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "error",
    [
        SubmitRejected("full"),
        SubmitFailed("refused"),
        SubmitUnknown("no report"),
        PayloadTooLarge("task send_email", size=2, limit=1),
    ],
)
def test_the_next_submission_fails_as_told(error: Any) -> None:
    """Once; nothing of it is recorded, and the one after works."""
    producer = RecordingProducer()
    producer.fail_next(error)
    with pytest.raises(type(error)) as raised:
        producer.submit(email_type(), Email())
    assert raised.value is error
    assert not isinstance(error, SubmitError) or error.task_id is not None
    assert not producer.tasks
    assert not producer.records
    assert producer.submit(email_type(), Email()).done


def test_failures_queue_up() -> None:
    """In a batch each told failure meets one task."""
    producer = RecordingProducer()
    producer.fail_next(SubmitFailed("one"))
    producer.fail_next(SubmitUnknown("two"))
    with pytest.raises(SubmitIncomplete) as error:
        producer.submit_many(email_type(), [Email(), Email(), Email()])
    assert {index: type(each) for index, each in error.value.errors.items()} == {
        0: SubmitFailed,
        1: SubmitUnknown,
    }
    assert len(producer.tasks) == 1


def test_a_failure_reaches_an_async_receipt() -> None:
    """As it would from the broker."""
    producer = RecordingProducer()
    producer.fail_next(SubmitFailed("refused"))
    receipt = producer.submit(email_type(), Email(), durability=Durability.ASYNC)
    assert isinstance(receipt.error, SubmitFailed)


def test_mistakes_are_found_as_with_kafka() -> None:
    """Wrong payloads, sizes and options, and use after closing."""
    producer = RecordingProducer(ProducerSettings(max_task_bytes=1_000))
    wrong: Any = "no email"
    with pytest.raises(EncodeError, match="takes a payload of Email"):
        producer.submit(email_type(), wrong)
    with pytest.raises(PayloadTooLarge):
        producer.submit(email_type(), Email(subject="x" * 1_000))
    producer.close()
    with pytest.raises(ProducerClosed):
        producer.submit(email_type(), Email())


def test_many_threads_may_record() -> None:
    """Each task is there once, at an offset of its own."""
    producer = RecordingProducer()
    threads = [
        threading.Thread(target=lambda: [producer.submit(email_type(), Email()) for _ in range(50)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [record.offset for record in producer.records] == list(range(200))
    assert len({task.id for task in producer.tasks}) == 200
