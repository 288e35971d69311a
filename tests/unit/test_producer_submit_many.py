"""submit_many and asubmit_many: all handed over, one wait, and nothing lost in silence."""

import asyncio
import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError

from stillframe.producer import (
    Durability,
    PayloadTooLarge,
    Producer,
    ProducerClosed,
    Receipt,
    SubmitFailed,
    SubmitIncomplete,
    SubmitRejected,
    SubmitUnknown,
)
from stillframe.schemas import EncodeError
from tests.faulty_kafka import PRODUCE, FaultyKafka
from tests.producing import Email, email_type, open_producer, settings_for
from tests.timing import takes

SubmitMany = Callable[..., list[Receipt]]


@pytest.fixture
def kafka() -> Iterator[FaultyKafka]:
    with FaultyKafka() as running:
        running.create_topic("emails")
        yield running


def emails(count: int) -> list[Email]:
    return [Email(subject=str(number)) for number in range(count)]


def submit_many(producer: Producer, payloads: Any, **options: Any) -> list[Receipt]:
    return producer.submit_many(email_type(), payloads, **options)


def asubmit_many(producer: Producer, payloads: Any, **options: Any) -> list[Receipt]:
    return asyncio.run(producer.asubmit_many(email_type(), payloads, **options))


both = pytest.mark.parametrize("submit_many", [submit_many, asubmit_many])


@both
def test_all_are_acknowledged_in_one_wait(kafka: FaultyKafka, submit_many: SubmitMany) -> None:
    """Receipts are in the order of the payloads; the wait is one round trip, not one for each."""
    with open_producer(kafka.bootstrap_servers) as producer:
        submit_many(producer, emails(1))
        kafka.slow_down(milliseconds=100)
        with takes(0.2):  # not 50 times 0.1
            receipts = submit_many(producer, iter(emails(50)))
    assert [receipt.offset for receipt in receipts] == list(range(1, 51))


@both
def test_more_than_the_queue_holds_is_no_matter(kafka: FaultyKafka, submit_many: SubmitMany) -> None:
    """The call waits for places as they become free."""
    with open_producer(kafka.bootstrap_servers, queue_size=7) as producer:
        assert len(submit_many(producer, emails(500))) == 500


@both
def test_none_is_fine(submit_many: SubmitMany) -> None:
    """No payloads, no receipts, no connection."""
    with open_producer("127.0.0.1:1") as producer:
        assert submit_many(producer, []) == []


@both
def test_async_does_not_wait(kafka: FaultyKafka, submit_many: SubmitMany) -> None:
    """The receipts come back unreported."""
    with open_producer(kafka.bootstrap_servers) as producer:
        submit_many(producer, emails(1))
        kafka.slow_down(milliseconds=300)
        receipts = submit_many(producer, emails(5), durability=Durability.ASYNC)
        assert not any(receipt.done for receipt in receipts)
        assert producer.flush() == 0
        assert all(receipt.done for receipt in receipts)


@both
def test_an_invalid_payload_sends_nothing(kafka: FaultyKafka, submit_many: SubmitMany) -> None:
    """All are checked first; a note says which it is."""
    too_large = [*emails(3), Email(subject="x" * 2_000_000)]
    with open_producer(kafka.bootstrap_servers) as producer:
        with pytest.raises(PayloadTooLarge) as large:
            submit_many(producer, too_large)
        with pytest.raises(EncodeError) as wrong:
            submit_many(producer, [Email(), "no email"])
        with pytest.raises(TypeError, match="no option 'task_id'"):
            submit_many(producer, emails(1), task_id="0198c0de-0000-7000-8000-000000000001")
        assert submit_many(producer, emails(1))[0].offset == 0
    assert large.value.__notes__ == ["it is payload 3 of submit_many; nothing was sent"]
    assert wrong.value.__notes__ == ["it is payload 1 of submit_many; nothing was sent"]


@both
def test_refused_ones_are_told_from_the_others(kafka: FaultyKafka, submit_many: SubmitMany) -> None:
    """The error holds each refused payload's own error by its index, and the receipts of the rest."""
    with open_producer(kafka.bootstrap_servers, max_task_bytes=5_000, kafka={"batch.num.messages": 1}) as producer:
        submit_many(producer, emails(1))
        kafka.fail(PRODUCE, 0, KafkaError.POLICY_VIOLATION)
        with pytest.raises(SubmitIncomplete, match=r"1 of 5 tasks .*\(1 SubmitFailed\)") as error:
            submit_many(producer, emails(5))
    incomplete = error.value
    assert len(incomplete.errors) == 1
    assert all(isinstance(each, SubmitFailed) and each.task_id for each in incomplete.errors.values())
    assert sorted([*incomplete.errors, *incomplete.receipts]) == list(range(5))
    assert all(receipt.done and receipt.error is None for receipt in incomplete.receipts.values())


@both
def test_after_a_rejection_no_later_one_is_tried(kafka: FaultyKafka, submit_many: SubmitMany) -> None:
    """One wait for a place in a queue that stays full is enough; all others are rejected as well."""
    with open_producer(kafka.bootstrap_servers, queue_size=3, close_timeout=0.1) as producer:
        submit_many(producer, emails(1))
        kafka.slow_down(milliseconds=30_000)
        incomplete = pytest.raises(SubmitIncomplete, match=r"10 of 10 tasks .*3 SubmitUnknown, 7 SubmitRejected")
        with takes(0.8), incomplete as error:
            submit_many(producer, emails(10), timeout=0.8)
        kinds = [type(error.value.errors[index]) for index in range(10)]
        assert kinds == [SubmitUnknown] * 3 + [SubmitRejected] * 7
        assert len({each.task_id for each in error.value.errors.values()}) == 10


@both
def test_async_tells_of_rejections_as_well(kafka: FaultyKafka, submit_many: SubmitMany) -> None:
    """The receipts of what was handed over are in the error."""
    with open_producer(kafka.bootstrap_servers, queue_size=3, close_timeout=0.1) as producer:
        submit_many(producer, emails(1))
        kafka.slow_down(milliseconds=30_000)
        with takes(0.5), pytest.raises(SubmitIncomplete) as error:  # one queue_timeout, not six
            submit_many(producer, emails(9), durability=Durability.ASYNC)
    assert list(error.value.receipts) == [0, 1, 2]
    assert list(error.value.errors) == [3, 4, 5, 6, 7, 8]


@both
def test_a_closed_producer_rejects_all(submit_many: SubmitMany) -> None:
    """Each with the error that says so."""
    producer = Producer(settings_for("127.0.0.1:1"))
    producer.close()
    with pytest.raises(SubmitIncomplete, match="3 ProducerClosed") as error:
        submit_many(producer, emails(3))
    assert {type(each) for each in error.value.errors.values()} == {ProducerClosed}


def test_errors_survive_a_copy() -> None:
    """By pickle too, as between processes; receipts cannot travel, errors can."""
    for error in (
        SubmitFailed("refused", task_id="id-1"),
        SubmitIncomplete({3: SubmitFailed("refused")}, {}),
    ):
        for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            assert type(twin) is type(error)
            assert str(twin) == str(error)
            assert twin.task_id == error.task_id
