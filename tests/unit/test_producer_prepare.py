"""A prepared task: all that can be wrong with it is known at once, and it is sent when it is told to."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from stillframe.producer import Durability, PayloadTooLarge, ProducerSettings, SubmitRejected
from stillframe.producer.bound import BoundProducer
from stillframe.producer.testing import RecordingProducer
from stillframe.schemas import EncodeError, Snapshot
from tests.producing import Email, email_type

SEND = email_type()
SNAPSHOT = Snapshot(method="POST", path="/", received_at=datetime.now(UTC))
OTHER = Snapshot(method="GET", path="/other", received_at=datetime.now(UTC))


def test_nothing_is_sent_until_it_is_submitted() -> None:
    """The id is known before, the rest is as of the moment of preparing."""
    producer = RecordingProducer()
    email = Email(to="ada")
    prepared = producer.prepare(SEND, email, delay=timedelta(seconds=5))
    email.to = "changed"
    assert producer.tasks == []
    receipt = prepared.submit()
    (task,) = producer.tasks
    assert task.payload.to == "ada"
    assert str(task.id) == prepared.task_id == receipt.task_id
    assert task.not_before == task.created_at + timedelta(seconds=5)
    assert receipt.done
    assert repr(prepared) == f"<Prepared {prepared.task_id}>"


def test_a_coroutine_submits_it_as_well() -> None:
    """With the options that it was prepared with."""
    producer = RecordingProducer()
    prepared = producer.prepare(SEND, Email(), durability=Durability.ASYNC)
    assert asyncio.run(prepared.asubmit()).durability is Durability.ASYNC
    assert len(producer.tasks) == 1


def test_mistakes_are_found_when_it_is_prepared() -> None:
    """A task that is too large, an impossible time, an unknown option: before the commit, not after it."""
    producer = RecordingProducer(ProducerSettings(max_task_bytes=1_024))
    with pytest.raises(PayloadTooLarge):
        producer.prepare(SEND, Email(subject="x" * 2_000))
    with pytest.raises(EncodeError):
        producer.prepare(SEND, Email(), delay=-1)
    with pytest.raises(TypeError, match="did you mean delay"):
        producer.prepare(SEND, Email(), dely=1)  # type: ignore[call-arg]


def test_what_can_go_wrong_on_the_way_goes_wrong_when_it_is_submitted() -> None:
    """And it may be tried again: it is the same task."""
    producer = RecordingProducer()
    prepared = producer.prepare(SEND, Email())
    producer.fail_next(SubmitRejected("full"))
    with pytest.raises(SubmitRejected):
        prepared.submit()
    prepared.submit()
    assert [str(task.id) for task in producer.tasks] == [prepared.task_id]


def test_a_bound_producer_takes_the_snapshot_along() -> None:
    """Whichever method submits; a snapshot that is given, or given up, comes first."""
    producer = RecordingProducer()
    bound = BoundProducer(producer, SNAPSHOT)

    async def in_a_coroutine() -> None:
        await bound.asubmit(SEND, Email())
        await bound.asubmit_many(SEND, [Email()])

    bound.submit(SEND, Email())
    bound.submit_many(SEND, [Email(), Email()])
    asyncio.run(in_a_coroutine())
    bound.prepare(SEND, Email()).submit()
    assert {task.snapshot for task in producer.tasks} == {SNAPSHOT}
    assert len(producer.tasks) == 6
    bound.submit(SEND, Email(), snapshot=OTHER)
    bound.submit(SEND, Email(), snapshot=None)
    assert [task.snapshot for task in producer.tasks[6:]] == [OTHER, None]
