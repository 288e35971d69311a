"""Logs: one JSON line an event, with what an operator needs and nothing of what was captured."""

import dataclasses
import io
import logging
from typing import Any, get_args

import orjson
import pytest
import structlog

from stillframe.consumer import events
from stillframe.consumer.context import TaskContext
from stillframe.consumer.events import AttemptEnded, AttemptStarted, ClientTrouble, Event, HandOffFailed
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.listeners.lines import LINES
from stillframe.consumer.listeners.logs import Logs, Repeats
from stillframe.consumer.outcome.classify import Failure
from stillframe.consumer.outcome.end import Dead, Done, End, Retry, Skipped
from stillframe.schemas import Delivery
from tests.arrivals import Email, arrival, email_arrival, partition, task_of

CANARY = "canary4711"
FAILURE = Failure("smtplib.SMTPException", "no mailbox ***", "mail.py:7 in deliver", permanent=False)


def lines(*told: Any, **options: Any) -> list[dict[str, Any]]:
    """What is written of these events, each line parsed."""
    file = io.BytesIO()
    logs = Logs("mailer", file=file, **options)
    for event in told:
        logs(event)
    return [orjson.loads(line) for line in file.getvalue().splitlines()]


def running(offset: int = 41) -> Arrival:
    """An arrival whose handler runs."""
    made = arrival(partition(3), offset, attempt=2)
    made.context = TaskContext(task_of(Email(to="a")), Delivery(2, "emails", 3, offset), made.record)
    return made


def test_an_attempt_is_told_at_its_start_and_at_its_end() -> None:
    """The two lines that a search for a task id finds."""
    each = arrival(partition(3), 41, attempt=2)
    start, end = lines(
        AttemptStarted(each, "send_email", "0198"), AttemptEnded(each, "send_email", "0198", Done(), 0.0123456)
    )
    where = {
        "msg_id": "0198", "task_type": "send_email", "topic": "emails", "partition": 3, "offset": 41, "attempt": 2,
        "group": "mailer", "level": "info",
    }  # fmt: skip
    assert start.pop("timestamp").endswith("Z")
    end.pop("timestamp")
    assert start == where | {"event": "consume_start"}
    assert end == where | {"event": "consume_end", "status": "done", "duration_ms": 12.346}


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (Done(), {"level": "info", "status": "done"}),
        (Skipped(), {"level": "warning", "status": "skipped", "why": "it had expired"}),
        (
            Retry(1_893_456_000_123, FAILURE),
            {
                "level": "warning",
                "status": "retry",
                "due": "2030-01-01T00:00:00.123+00:00",
                "error_type": "smtplib.SMTPException",
                "error_message": "no mailbox ***",
                "error_place": "mail.py:7 in deliver",
            },
        ),
        (Retry(1_893_456_000_000, None), {"level": "info", "status": "retry"}),
        (Dead(FAILURE), {"level": "error", "status": "dead", "error_type": "smtplib.SMTPException"}),
    ],
    ids=["done", "skipped", "retry", "eta", "dead"],
)
def test_each_end_has_its_status_and_cause(end: End, expected: dict[str, Any]) -> None:
    """Only what failed is louder than info; a wait for an ETA is no failure."""
    each = running()
    _start, line = lines(
        AttemptStarted(each, "send_email", "0198"), AttemptEnded(each, "send_email", "0198", end, 1.0)
    )
    assert expected.items() <= line.items()
    assert ("error_type" in line) is isinstance(end, Dead) or end == Retry(1_893_456_000_123, FAILURE)


def test_of_many_that_succeed_some_are_told_and_all_that_fail() -> None:
    """What the log holds of a backlog: 100 a second from start to end, every failure, and how many it left out."""
    of_all = [running(offset) for offset in range(1_000)]
    events_of = [
        event
        for each in of_all
        for event in (
            AttemptStarted(each, "send_email", str(each.record.offset)),
            AttemptEnded(
                each, "send_email", str(each.record.offset), Dead(FAILURE) if each is of_all[-1] else Done(), 0
            ),
        )
    ]
    told = lines(*events_of)
    starts = [line for line in told if line["event"] == "consume_start"]
    ends = [line for line in told if line["event"] == "consume_end"]
    # A slow machine may need more than a second for so many, and each second has its own hundred.
    assert 100 <= len(starts) < 1_000
    assert {line["msg_id"] for line in ends} == {line["msg_id"] for line in starts} | {"999"}
    assert len(lines(*events_of, level="debug")) == 2_000


def test_what_could_not_be_decoded_has_no_id() -> None:
    """Null, not an empty text."""
    (line,) = lines(AttemptEnded(running(), "", "", Dead(FAILURE), 0.0))
    assert (line["msg_id"], line["task_type"]) == (None, None)


def test_what_was_unfinished_is_named() -> None:
    """A stop or a revoke says which tasks will run again."""
    stopped, revoked = lines(
        events.WorkerStopped([running(41)], []),
        events.PartitionsRevoked([partition(3)], [running(42)], [arrival(partition())]),
    )
    assert stopped["level"] == "warning"
    (unfinished,) = stopped["unfinished"]
    assert (unfinished["topic"], unfinished["partition"], unfinished["offset"]) == ("emails", 3, 41)
    assert len(unfinished["msg_id"]) == 36
    assert revoked["partitions"] == ["emails[3]"]
    assert [each["offset"] for each in (*revoked["unfinished"], *revoked["unwritten"])] == [42, 0]
    assert revoked["unwritten"][0]["msg_id"] is None
    (unwritten,) = lines(events.PartitionsRevoked([partition(3)], [], [arrival(partition())]))
    assert unwritten["level"] == "warning"


def test_every_event_has_its_line() -> None:
    """A new event in the catalogue is not forgotten here."""
    assert set(LINES) == set(get_args(Event))
    told = [line["event"] for line in lines(*map(example, get_args(Event)), level="debug")]
    assert len(set(told)) == len(told) == len(get_args(Event))
    assert {"consume_start", "consume_end", "partitions_lost", "handoff_failed", "worker_stopped"} <= set(told)


def test_nothing_captured_is_logged() -> None:
    """Promise I10: payload, key and header values of a real task appear in no line of any event."""
    task = email_arrival(Email(to=CANARY, subject=CANARY))
    task.record = dataclasses.replace(task.record, headers=(*task.record.headers, ("x-secret", CANARY.encode())))
    task.context = TaskContext(task_of(Email(to=CANARY)), Delivery(1, "emails", 0, 0), task.record)
    file = io.BytesIO()
    logs = Logs("mailer", file=file, level="debug")
    for kind in get_args(Event):
        logs(example(kind, task))
    assert file.getvalue().count(b"\n") == len(get_args(Event))
    assert CANARY.encode() not in file.getvalue()


def test_pulses_are_told_to_debug_only() -> None:
    """They come many times a second."""
    pulses = [events.Turned([], 0, 0, 0), events.Committed([])]
    assert lines(*pulses) == []
    assert [line["event"] for line in lines(*pulses, level="debug")] == ["turned", "committed"]
    assert lines(example(events.PartitionsAssigned), level="warning") == []


def test_a_trouble_that_repeats_is_told_once_in_a_while() -> None:
    """A broker that is down reports itself 20 times a second; another trouble is another line."""
    refused, timed_out = ClientTrouble("_TRANSPORT", "refused"), ClientTrouble("_TIMED_OUT", "late")
    failed = HandOffFailed(running(), "emails.mailer.dlq", "queue full")
    told = lines(*[refused] * 20, timed_out, failed, failed, refused)
    assert [(line["event"], line.get("error")) for line in told] == [
        ("client_trouble", "_TRANSPORT"), ("client_trouble", "_TIMED_OUT"), ("handoff_failed", "queue full")
    ]  # fmt: skip


def test_what_was_held_back_is_counted_and_forgotten_in_time() -> None:
    """The next line says how many were not told; texts that no longer come up take no memory."""
    repeats = Repeats(10.0)
    assert [repeats.unsaid("a", now) for now in (0.0, 3.0, 9.9)] == [0, None, None]
    assert repeats.unsaid("a", 10.0) == 2
    assert repeats.unsaid("a", 20.0) == 0
    for number in range(1_000):
        repeats.unsaid(number, 100.0 + number)
    assert len(repeats._said) <= 10


def test_where_health_is_served_is_told() -> None:
    """With port 0 there is no other way to know."""
    file = io.BytesIO()
    Logs("mailer", file=file).serving("http://0.0.0.0:9464")
    assert orjson.loads(file.getvalue())["address"] == "http://0.0.0.0:9464"


def test_the_applications_own_logging_is_left_alone(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Neither structlog's global configuration nor the standard library's is read or changed."""
    before, handlers = structlog.get_config(), list(logging.getLogger().handlers)
    structlog.contextvars.bind_contextvars(user=CANARY)
    try:
        Logs("mailer")(events.Warned("no TLS"))
    finally:
        structlog.contextvars.clear_contextvars()
    out, _ = capfdbinary.readouterr()
    assert orjson.loads(out)["text"] == "no TLS"
    assert CANARY.encode() not in out
    assert structlog.get_config() == before
    assert logging.getLogger().handlers == handlers


def example(kind: Any, each: Arrival | None = None) -> Event:
    """An event of a class, its fields filled by their names."""
    each = each or running()
    values: dict[str, Any] = {
        "arrival": each, "partition": each.partition, "partitions": [each.partition], "unfinished": [each],
        "unwritten": [each],
        "end": Retry(1_893_456_000_000, FAILURE), "seconds": 1.0, "topics": ("emails",), "task_type": "send_email",
        "task_id": "0198", "running": 1, "queued": 2, "waiting": 3,
    }  # fmt: skip
    return kind(**{field.name: values.get(field.name, field.name) for field in dataclasses.fields(kind)})  # type: ignore[no-any-return]
