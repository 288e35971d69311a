"""From the arguments of submit to a task on the wire."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel

from stillframe.producer import PayloadTooLarge, ProducerSettings
from stillframe.producer.submission import (
    MAX_DELAY,
    ManyOptions,
    Submission,
    SubmitOptions,
    check_options,
    prepare,
)
from stillframe.schemas import DefinitionError, EncodeError, Record, Snapshot, TaskType, decode
from tests.producing import Email, email_type

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC)
DAY = timedelta(days=1)


class Sms(BaseModel):
    number: int = 1


def submission(payload: Any = None, **options: Any) -> Submission[Email]:
    settings = ProducerSettings(service="shop", max_task_bytes=10_000)
    return prepare(email_type(), payload or Email(), cast("SubmitOptions", options), settings=settings, now=NOW)


def test_a_worker_would_read_the_same_task() -> None:
    """What is prepared decodes to an equal task, in a topic's record."""
    snapshot = Snapshot(method="POST", path="/emails", received_at=NOW)
    made = submission(snapshot=snapshot, delay=60, expires_at=NOW + DAY)
    record = Record("emails", made.wire.key, made.wire.value, made.wire.headers)
    task = decode(record, email_type())
    assert task == made.task
    assert task.snapshot == snapshot
    assert (task.created_at, task.not_before, task.expires_at) == (
        NOW,
        NOW + timedelta(seconds=60),
        NOW + DAY,
    )
    assert record.header("ce_source") == b"shop"
    assert made.topic == "emails"
    assert made.task_id == str(task.id)


def test_the_key_is_the_task_types_unless_given() -> None:
    """None is a choice of its own: it gives up order."""
    assert submission().wire.key == b"ada@example.com"
    assert submission(key="bob").wire.key == b"bob"
    assert submission(key=b"\xff").wire.key == b"\xff"
    assert submission(key=None).wire.key is None
    with pytest.raises(DefinitionError, match="its key is of type int"):
        submission(key=5)


def test_ids_are_new_unless_given() -> None:
    """UUIDv7 by default; the caller's own as text or UUID."""
    assert submission().task.id != submission().task.id
    assert submission().task.id.version == 7
    own = uuid4()
    assert submission(task_id=own).task.id == submission(task_id=str(own)).task.id == own
    with pytest.raises(DefinitionError, match="uuid5"):
        submission(task_id="order-17")
    assert submission(task_id=UUID(int=0)).task.id == UUID(int=0)


@pytest.mark.parametrize("payload", [Sms(), {"to": "ada"}, Email])
def test_a_payload_of_another_model_is_refused(payload: Any) -> None:
    """Here too, for those who do not run a type checker: the error says what to build."""
    with pytest.raises(EncodeError, match=r"send_email takes a payload of Email, not .*: build one with Email\("):
        submission(payload)


def test_a_subclass_will_do() -> None:
    """A payload may know more than its task type."""

    class LongEmail(Email):
        text: str = "long"

    assert b'"text":"long"' in submission(LongEmail()).wire.value


def test_a_task_too_large_is_refused() -> None:
    """Before anything is sent, with size and limit."""
    with pytest.raises(PayloadTooLarge) as error:
        submission(Email(subject="x" * 10_000))
    assert error.value.limit == 10_000 < error.value.size


@pytest.mark.parametrize("delay", [0, 90, 0.5, timedelta(seconds=90), MAX_DELAY, MAX_DELAY.total_seconds()])
def test_a_delay_is_seconds_or_a_timedelta(delay: Any) -> None:
    """It becomes a moment, counted from the submission."""
    seconds = delay if isinstance(delay, timedelta) else timedelta(seconds=delay)
    assert submission(delay=delay).task.not_before == NOW + seconds


@pytest.mark.parametrize(
    ("delay", "shape"),
    [
        (-1, "negative"),
        (timedelta(seconds=-1), "negative"),
        (MAX_DELAY + timedelta(seconds=1), "longer than 30 days"),
        (31 * 86_400, "longer than 30 days"),
        (10**400, "longer than 30 days"),
        (float("inf"), "longer than 30 days"),
        (float("nan"), "NaN"),
        ("5", "of type str"),
        (NOW, "of type datetime"),
    ],
)
def test_a_delay_out_of_range_is_refused(delay: Any, shape: str) -> None:
    """Negative, beyond 30 days, or no delay at all: it says which, and what to give."""
    with pytest.raises(EncodeError, match=f"^delay is {shape}: give seconds or a timedelta, from 0 to 30 days$"):
        submission(delay=delay)


def test_a_due_time_is_kept_as_given() -> None:
    """In any time zone, the past included: it is due at once."""
    zone = timezone(timedelta(hours=5))
    for moment in (NOW + MAX_DELAY, NOW - DAY, (NOW + DAY).astimezone(zone)):
        assert submission(not_before=moment).task.not_before == moment


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"not_before": NOW + MAX_DELAY + timedelta(seconds=1)}, "not_before, .*, is more than 30 days ahead"),
        ({"not_before": datetime(2026, 1, 3)}, "not_before is without a time zone: give"),  # noqa: DTZ001
        ({"not_before": "tomorrow"}, "not_before is of type str: give a datetime with a time zone"),
        ({"expires_at": datetime(2026, 1, 3)}, "expires_at is without a time zone"),  # noqa: DTZ001
        ({"expires_at": 5}, "expires_at is of type int: give"),
        ({"expires_at": NOW}, "expires_at, .*, is not after the earliest start, .*: the task would never run; let"),
        ({"expires_at": NOW + DAY, "delay": DAY}, "expires_at, .*, is not after the earliest start"),
        ({"expires_at": NOW + DAY, "not_before": NOW + DAY}, "expires_at, .*, is not after the earliest start"),
        ({"delay": 1, "not_before": NOW + DAY}, "give one of them"),
    ],
)
def test_impossible_times_are_refused(options: dict[str, Any], fault: str) -> None:
    """Without a time zone, too far, contradictory, or such that the task could never run."""
    with pytest.raises(EncodeError, match=fault):
        submission(**options)


def test_an_expiry_alone_is_fine() -> None:
    """It need only lie ahead."""
    assert submission(expires_at=NOW + DAY).task.expires_at == NOW + DAY


def test_options_are_checked_as_a_signature_would() -> None:
    """An option that does not exist is a TypeError with the nearest one; a batch takes no task id."""
    check_options(SubmitOptions(task_id=uuid4(), delay=5), SubmitOptions)
    with pytest.raises(TypeError, match=r"no option 'dealy'; did you mean delay\?"):
        check_options(SubmitOptions(dealy=5), SubmitOptions)  # type: ignore[typeddict-unknown-key]
    with pytest.raises(TypeError, match="no option 'task_id'"):
        check_options(SubmitOptions(task_id=uuid4()), ManyOptions)


def test_a_task_type_without_key_is_unordered() -> None:
    """Its tasks have no key."""
    unordered = TaskType("send_email", Email, topic="emails")
    made = prepare(unordered, Email(), SubmitOptions(), settings=ProducerSettings(), now=NOW)
    assert made.wire.key is None
