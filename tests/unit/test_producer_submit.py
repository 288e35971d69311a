"""submit and asubmit, against a Kafka that fails on command: each call ends in time with what is known."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError

from stillframe.producer import (
    Durability,
    Producer,
    ProducerClosed,
    ProducerSettings,
    Receipt,
    SubmitError,
    SubmitFailed,
    SubmitRejected,
    SubmitUnknown,
)
from stillframe.schemas import EncodeError, SettingsError, StillframeError
from tests.faulty_kafka import PRODUCE, FaultyKafka
from tests.producing import Email, email_type, open_producer, settings_for
from tests.timing import SLACK, takes
from tests.waiting import wait_until

Submit = Callable[..., Receipt]


@pytest.fixture
def kafka() -> Iterator[FaultyKafka]:
    with FaultyKafka() as running:
        running.create_topic("emails")
        yield running


def submit(producer: Producer, **options: Any) -> Receipt:
    return producer.submit(email_type(), Email(), **options)


def asubmit(producer: Producer, **options: Any) -> Receipt:
    return asyncio.run(producer.asubmit(email_type(), Email(), **options))


both = pytest.mark.parametrize("submit", [submit, asubmit])


@both
@pytest.mark.parametrize("durability", [Durability.SYNC, Durability.SEMI_SYNC])
def test_a_waiting_submit_returns_acknowledged(kafka: FaultyKafka, submit: Submit, durability: Durability) -> None:
    """With SYNC and SEMI_SYNC the receipt has its place when the call returns."""
    with open_producer(kafka.bootstrap_servers) as producer:
        receipts = [submit(producer, durability=durability) for _ in range(3)]
    assert [(receipt.partition, receipt.offset) for receipt in receipts] == [(0, 0), (0, 1), (0, 2)]
    assert len({receipt.task_id for receipt in receipts}) == 3


@both
def test_async_returns_before_the_report(kafka: FaultyKafka, submit: Submit) -> None:
    """The outcome comes to the receipt, and to on_report, later."""
    reported: list[Receipt] = []
    settings = settings_for(kafka.bootstrap_servers, durability=Durability.ASYNC)
    with Producer(settings, on_report=reported.append) as producer:
        submit(producer, durability=Durability.SYNC)
        kafka.slow_down(milliseconds=1_000)
        receipt = submit(producer)
        assert not receipt.done
        assert receipt.result().offset == 1
    assert reported[1] is receipt


def test_on_report_gets_every_outcome(kafka: FaultyKafka) -> None:
    """Failures too, whatever the durability."""
    reported: list[Receipt] = []
    with Producer(settings_for(kafka.bootstrap_servers), on_report=reported.append) as producer:
        submit(producer)
        kafka.fail(PRODUCE, KafkaError.POLICY_VIOLATION)
        with pytest.raises(SubmitFailed):
            submit(producer)
    assert [type(receipt.error) for receipt in reported] == [type(None), SubmitFailed]


@both
def test_a_refusal_names_the_task(kafka: FaultyKafka, submit: Submit) -> None:
    """The error has the task's id, for logs and for the answer."""
    task_id = "0198c0de-0000-7000-8000-000000000001"
    with open_producer(kafka.bootstrap_servers) as producer:
        submit(producer)
        kafka.fail(PRODUCE, KafkaError.POLICY_VIOLATION)
        with pytest.raises(SubmitFailed, match=f"task {task_id}: 'emails' did not take it") as error:
            submit(producer, task_id=task_id)
    assert error.value.task_id == task_id


@both
def test_the_timeout_bounds_the_whole(kafka: FaultyKafka, submit: Submit) -> None:
    """Whatever the settings would allow; what is not known by then is unknown."""
    with open_producer(kafka.bootstrap_servers) as producer:
        submit(producer)
        kafka.slow_down(milliseconds=1_500)
        with takes(0.3, at_least=0.25), pytest.raises(SubmitUnknown, match="no report from 'emails' within"):
            submit(producer, timeout=0.3)


@both
def test_a_full_queue_rejects(kafka: FaultyKafka, submit: Submit) -> None:
    """After queue_timeout, or the shorter timeout of the call; the error is a 503's."""
    with open_producer(kafka.bootstrap_servers, queue_size=1, close_timeout=0.1) as producer:
        submit(producer)
        kafka.slow_down(milliseconds=30_000)
        submit(producer, durability=Durability.ASYNC)
        for timeout, expected in ((None, 0.5), (0.1, 0.1), (9.0, 0.5)):
            full = pytest.raises(SubmitRejected, match="answer 503")
            with takes(expected, at_least=expected - 0.05), full as error:
                submit(producer, timeout=timeout)
            assert error.value.task_id is not None


@both
def test_a_dead_broker_ends_every_call(submit: Submit) -> None:
    """With nobody at the address the error names it, within the delivery timeout."""
    named = pytest.raises(SubmitUnknown, match=r"127.0.0.1:1/bootstrap: Connect to")
    with open_producer("127.0.0.1:1", delivery_timeout=1.5) as producer, takes(1.5), named:
        submit(producer)


@both
def test_after_closing_there_is_a_clear_error(kafka: FaultyKafka, submit: Submit) -> None:
    """Whether the producer was used before or not; it is a rejection, so a web handler answers 503."""
    for used in (True, False):
        producer = Producer(settings_for(kafka.bootstrap_servers))
        if used:
            submit(producer)
        producer.close()
        producer.close()
        with pytest.raises(ProducerClosed, match="the producer is closed"):
            submit(producer)
        assert producer.flush() == 0


def test_cancelling_while_the_queue_is_full_sends_nothing(kafka: FaultyKafka) -> None:
    """And leaves the place to others."""

    async def scenario() -> None:
        async with Producer(settings_for(kafka.bootstrap_servers, queue_size=1)) as producer:
            await producer.asubmit(email_type(), Email())
            kafka.slow_down(milliseconds=500)
            await producer.asubmit(email_type(), Email(), durability=Durability.ASYNC)
            waiting = asyncio.create_task(producer.asubmit(email_type(), Email()))
            await asyncio.sleep(0.05)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert await producer.aflush(5) == 0
            kafka.slow_down(milliseconds=0)
            assert (await producer.asubmit(email_type(), Email())).offset == 2

    asyncio.run(scenario())


def test_cancelling_the_wait_leaves_the_task_on_its_way(kafka: FaultyKafka) -> None:
    """It arrives, and on_report hears of it."""
    reported: list[Receipt] = []

    async def scenario() -> None:
        settings = settings_for(kafka.bootstrap_servers)
        async with Producer(settings, on_report=reported.append) as producer:
            await producer.asubmit(email_type(), Email())
            kafka.slow_down(milliseconds=300)
            waiting = asyncio.create_task(producer.asubmit(email_type(), Email()))
            await asyncio.sleep(0.1)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    asyncio.run(scenario())
    assert [receipt.offset for receipt in reported] == [0, 1]


def test_the_event_loop_goes_on_while_submissions_wait(kafka: FaultyKafka) -> None:
    """Neither a full queue nor a slow report holds it."""

    async def scenario() -> float:
        async with Producer(settings_for(kafka.bootstrap_servers, queue_size=5)) as producer:
            await producer.asubmit(email_type(), Email())
            kafka.slow_down(milliseconds=1_000)
            submissions = asyncio.gather(
                *(producer.asubmit(email_type(), Email(), timeout=5) for _ in range(10)),
                return_exceptions=True,
            )
            longest = 0.0
            while not submissions.done():
                start = time.monotonic()
                await asyncio.sleep(0)
                longest = max(longest, time.monotonic() - start)
            assert not any(isinstance(each, SubmitUnknown) for each in await submissions)
            return longest

    assert asyncio.run(scenario()) < SLACK


def test_submitting_in_a_callback_works_without_waiting(kafka: FaultyKafka) -> None:
    """With ASYNC; a SYNC submission there is told at once that it cannot wait."""
    ended: list[Any] = []
    producer = Producer(settings_for(kafka.bootstrap_servers))

    def chain(_: Receipt) -> None:
        ended.append(submit(producer, durability=Durability.ASYNC))
        try:
            submit(producer)
        except SubmitError as error:
            ended.append(error)

    submit(producer, durability=Durability.ASYNC).add_done_callback(chain)
    wait_until(lambda: len(ended) == 2, describe="the callback to end")
    producer.close()
    assert ended[0].offset == 1
    assert "Durability.ASYNC" in str(ended[1])


def test_a_fatal_error_is_survived(kafka: FaultyKafka) -> None:
    """The submissions under way are unknown, the next one is acknowledged, and readiness recovers."""
    with open_producer(kafka.bootstrap_servers) as producer:
        submit(producer)
        kafka.fail(PRODUCE, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER)
        with pytest.raises(SubmitUnknown, match="sequence"):
            submit(producer)
        wait_until(lambda: producer.healthy, describe="a new client")
        assert submit(producer).done


def test_mistakes_are_found_before_anything_is_sent() -> None:
    """Wrong payload, unknown option, negative timeout: errors of the call, with the cure."""
    producer = Producer(settings_for("127.0.0.1:1"))
    threads = threading.active_count()
    wrong: Any = {"to": "ada"}
    with pytest.raises(EncodeError, match="takes a payload of Email, not dict"):
        producer.submit(email_type(), wrong)
    with pytest.raises(TypeError, match=r"no option 'dealy'; did you mean delay\?"):
        submit(producer, dealy=5)
    with pytest.raises(EncodeError, match="timeout is not a number of seconds, 0 or more"):
        submit(producer, timeout=-1)
    assert threading.active_count() == threads


def test_making_a_producer_does_no_io(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread, no connection; closing and flushing it unused is immediate."""
    threads = threading.active_count()
    producer = Producer(ProducerSettings(bootstrap_servers="127.0.0.1:1"))
    assert threading.active_count() == threads
    assert producer.healthy
    with takes(0.1):
        assert producer.flush() == 0
        producer.close()


def test_a_wrong_property_surfaces_when_the_producer_is_entered() -> None:
    """librdkafka alone knows its properties: it is asked at the start of the with block."""
    producer = Producer(settings_for("127.0.0.1:1", kafka={"nope.ms": 1}))
    with pytest.raises(SettingsError, match=r"nope.ms"), producer:
        pass
    with pytest.raises(SettingsError, match=r"nope.ms"):
        submit(producer)


def test_refused_properties_surface_when_the_producer_is_made() -> None:
    """They are known to us."""
    with pytest.raises(SettingsError, match=r"kafka\['acks'\] is refused: use durability="):
        Producer(settings_for("127.0.0.1:1", kafka={"acks": 1}))


def test_tasks_in_the_clear_are_warned_about_or_refused(caplog: pytest.LogCaptureFixture) -> None:
    """Once, when the producer is made."""
    Producer(settings_for("kafka.example:9092")).close()
    assert "without TLS" in caplog.text
    with pytest.raises(SettingsError, match="require_tls"):
        Producer(settings_for("kafka.example:9092", require_tls=True))


def test_every_error_is_of_one_tree() -> None:
    """Whoever catches SubmitError, or StillframeError, catches them all."""
    for error in (SubmitRejected, SubmitFailed, SubmitUnknown, ProducerClosed):
        assert issubclass(error, SubmitError)
        assert issubclass(error, StillframeError)
    assert issubclass(ProducerClosed, SubmitRejected)
