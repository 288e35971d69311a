"""The testing kit: what passes in it is what passes in Kafka, for all but Kafka is the real thing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stillframe.consumer import (
    CrashedHandler,
    PermanentError,
    Retry,
    RetryAfter,
    TaskContext,
    Worker,
    WorkerSettings,
)
from stillframe.consumer.testing import WorkerHarness
from stillframe.producer.testing import RecordingProducer
from stillframe.schemas import DefinitionError, Record, Snapshot, TaskType
from stillframe.schemas.headers import Origin, read_delivery_state
from tests.arrivals import Email, send_email, task_of

Handler = Callable[[Email, TaskContext], None]


def worker(handler: Handler, *, retry: Retry | None = None, **options: Any) -> Worker:
    made = Worker("mailer", WorkerSettings(), **options)
    made.task(send_email, retry=retry)(handler)
    return made


def flaky(failures: int) -> Handler:
    """A handler whose first attempts fail."""

    def handler(email: Email, context: TaskContext) -> None:
        if context.attempt <= failures:
            raise ConnectionError("no mailbox for " + email.to)

    return handler


def test_a_task_is_done() -> None:
    """With its snapshot and the lifespan's state, as the wire brings them."""
    seen: list[Any] = []
    lifespan_over: list[bool] = []

    @contextmanager
    def lifespan() -> Iterator[str]:
        yield "connection"
        lifespan_over.append(True)

    def handler(email: Email, context: TaskContext) -> None:
        seen.extend((email.to, context.state, context.snapshot, context.delivery.topic))

    snapshot = Snapshot("POST", "/emails", datetime.now(UTC))
    with WorkerHarness(worker(handler, lifespan=lifespan)) as harness:
        task_id = harness.submit(send_email, Email(to="ada"), snapshot=snapshot)
        assert not harness.done
        harness.run_until_idle()
        assert not lifespan_over
    assert lifespan_over == [True]
    assert seen == ["ada", "connection", snapshot, "emails"]
    (done,) = harness.done
    assert (done.task_id, done.task_type, done.attempt, done.cause) == (task_id, "send_email", 1, None)


def test_a_short_retry_waits_in_memory_until_its_time() -> None:
    """Nothing happens before, and the clock does not move by itself."""
    with WorkerHarness(worker(flaky(1), retry=Retry(base=4, jitter=0))) as harness:
        started = harness.now
        harness.submit(send_email, Email(to="ada"))
        harness.run_until_idle()
        (waiting,) = harness.waiting
        assert (waiting.attempt, waiting.topic) == (2, "emails")
        assert timedelta(seconds=4) <= waiting.due - started < timedelta(seconds=4.01)
        harness.advance(3.9)
        assert not harness.done
        harness.advance(0.2)
        assert [each.attempt for each in harness.done] == [2]
        assert not harness.waiting
        assert harness.now - started == timedelta(seconds=4.1)


def test_a_long_retry_goes_through_its_tier() -> None:
    """By headers, as in Kafka: the smallest tier that holds the delay; the origin is kept."""
    with WorkerHarness(worker(flaky(2), retry=Retry(base=60, cap=600, jitter=0))) as harness:
        harness.submit(send_email, Email(to="ada"))
        harness.run_until_idle()
        assert [(each.attempt, each.topic) for each in harness.waiting] == [(2, "emails.mailer.retry.1m")]
        harness.advance(61)
        assert [(each.attempt, each.topic) for each in harness.waiting] == [(3, "emails.mailer.retry.10m")]
        harness.advance(600)
    (done,) = harness.done
    state = read_delivery_state(done.record)
    assert (done.attempt, state.attempt, state.retry_tier) == (3, 3, "10m")
    assert state.origin == Origin("emails", 0, 0)
    assert state.error_type == "ConnectionError"


def test_each_retry_runs_at_its_own_time() -> None:
    """A long advance is as many short ones: the delays of a chain of retries add up."""
    times: list[float] = []

    def handler(email: Email, context: TaskContext) -> None:
        times.append((harness.now - started).total_seconds())
        raise RetryAfter(100)

    with WorkerHarness(worker(handler, retry=Retry(max_attempts=4))) as harness:
        started = harness.now
        harness.submit(send_email, Email(to="ada"))
        harness.advance(3_600)
    assert times == pytest.approx([0, 100, 200, 300], abs=0.01)
    assert [each.attempt for each in harness.dead] == [4]


def test_a_dead_letter_has_its_cause_and_the_same_bytes() -> None:
    """The value in the dead-letter topic is the one that was submitted; the cause is redacted."""

    def handler(email: Email, context: TaskContext) -> None:
        raise PermanentError(f"no mailbox for {email.to}")

    task = task_of(Email(to="ada@example.com"))
    with WorkerHarness(worker(handler)) as harness:
        harness.deliver(task)
        harness.run_until_idle()
    (dead,) = harness.dead
    assert dead.cause is not None
    assert (dead.cause.type.rpartition(".")[2], dead.cause.message) == ("PermanentError", "no mailbox for ***")
    assert (dead.task_id, dead.attempt, dead.record.topic) == (str(task.id), 1, "emails.mailer.dlq")
    assert dead.record.key == b"ada@example.com"
    assert b"ada@example.com" in (dead.record.value or b"")


def test_tasks_of_a_key_run_in_order() -> None:
    """And what waits for its retry lets the rest of its key pass."""
    order: list[str] = []

    def handler(email: Email, context: TaskContext) -> None:
        order.append(email.subject)
        if (email.subject, context.attempt) == ("a1", 1):
            raise ConnectionError

    with WorkerHarness(worker(handler)) as harness:
        for to, subject in (("ada", "a1"), ("ada", "a2"), ("bob", "b1"), ("ada", "a3")):
            harness.submit(send_email, Email(to=to, subject=subject))
        harness.advance(10)
    assert [each for each in order if each.startswith("a")] == ["a1", "a2", "a3", "a1"]
    assert len(harness.done) == 4


def test_an_eta_is_kept_and_an_expiry_too() -> None:
    """Through the tiers that hold it, up to 30 days ahead; what has expired by then is skipped."""
    ran: list[datetime] = []
    with WorkerHarness(worker(lambda email, context: ran.append(harness.now))) as harness:
        due = harness.now + timedelta(days=30)
        harness.submit(send_email, Email(to="ada"), not_before=due)
        harness.submit(send_email, Email(to="bob"), delay=5, expires_at=harness.now + timedelta(seconds=6))
        harness.submit(send_email, Email(to="eve"), expires_at=harness.now + timedelta(seconds=6))
        harness.advance(0)
        assert (len(harness.done), len(harness.waiting)) == (1, 2)
        harness.advance(31 * 86_400)
    assert len(ran) == len(harness.done) == 3
    assert due <= ran[-1] < due + timedelta(seconds=0.01)
    assert [each.attempt for each in harness.done] == [1, 1, 1]
    with WorkerHarness(worker(lambda email, context: None)) as harness:
        harness.submit(send_email, Email(to="ada"), expires_at=harness.now + timedelta(seconds=1))
        harness._clock += 1_000
        harness.run_until_idle()
    assert [each.attempt for each in harness.skipped] == [1]


def test_bad_bytes_can_be_delivered() -> None:
    """What Kafka may hold: garbage, and types of other workers."""
    with WorkerHarness(worker(flaky(0))) as harness:
        harness.deliver(Record("emails", None, b"garbage"))
        harness.deliver(Record("emails", None, None))
        harness.run_until_idle()
    assert [each.task_id for each in harness.dead] == ["", ""]
    assert [each.record.value for each in harness.dead] == [b"garbage", None]


def test_what_a_recording_producer_recorded_can_be_run() -> None:
    """From the web application's test to the worker's: the same bytes."""
    producer = RecordingProducer()
    producer.submit(send_email, Email(to="ada"))
    with WorkerHarness(worker(flaky(0))) as harness:
        for record in producer.records:
            harness.deliver(record)
        for task in producer.tasks:
            harness.deliver(task)
        harness.run_until_idle()
    assert [each.task_id for each in harness.done] == [str(producer.tasks[0].id)] * 2


def test_a_handler_may_submit_to_its_own_worker() -> None:
    """A follow-up runs in the same call."""

    def handler(email: Email, context: TaskContext) -> None:
        if email.subject != "follow-up":
            harness.submit(send_email, Email(to=email.to, subject="follow-up"))

    with WorkerHarness(worker(handler)) as harness:
        harness.submit(send_email, Email(to="ada"))
        harness.run_until_idle()
    assert len(harness.done) == 2


def test_a_crash_comes_out() -> None:
    """As it would end the worker; the lifespan is left all the same."""

    def handler(email: Email, context: TaskContext) -> None:
        raise SystemExit

    with WorkerHarness(worker(handler)) as harness:
        harness.submit(send_email, Email(to="ada"))
        with pytest.raises(CrashedHandler):
            harness.run_until_idle()
    assert harness.done == harness.dead == []


def test_misuse_is_explained() -> None:
    """Not entered, a topic or a type that the worker has nothing to do with, an option that does not exist."""
    harness = WorkerHarness(worker(flaky(0)))
    with pytest.raises(DefinitionError, match="WorkerHarness is a context manager"):
        harness.run_until_idle()
    with harness:
        with pytest.raises(DefinitionError, match="has nothing to do with topic 'sms'"):
            harness.submit(TaskType("send_sms", Email, topic="sms"), Email(to="ada"))
        with pytest.raises(DefinitionError, match="has nothing to do with topic 'sms'"):
            harness.deliver(Record("sms", None, b""))
        with pytest.raises(TypeError, match="did you mean delay"):
            harness.submit(send_email, Email(to="ada"), dealy=5)  # type: ignore[call-arg]
