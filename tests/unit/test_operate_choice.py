"""Which dead letters an operator means, and what of that an audit may hold."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from stillframe.consumer.operate.choice import Choice
from stillframe.consumer.operate.dead_letters import DeadLetter, Position
from stillframe.consumer.operate.quantities import parse_moment
from stillframe.schemas.topics import TopicFamily
from tests.dead_letters import NOON, SECRET, dead_letter

FAMILY = TopicFamily("emails", "mailer")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def dead(died_at: int = NOON, **parts: Any) -> DeadLetter:
    record = dead_letter(FAMILY, **parts)
    traced = (("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01".encode()), *record.headers)
    return DeadLetter.read(replace(record, offset=7, headers=traced), died_at)


ONE = dead()


@pytest.mark.parametrize(
    ("chosen", "matches"),
    [
        (Choice(), True),
        (Choice(types=["resize", "send_email"]), True),
        (Choice(errors=["SMTPDataError"]), True),
        (Choice(errors=["smtplib.SMTPDataError"], types=["send_email"]), True),
        (Choice(errors=["DataError"]), False),
        (Choice(errors=["SMTPDataError"], types=["resize"]), False),
        (Choice(names=[Position(0, 7)]), True),
        (Choice(names=[UUID(ONE.task_id)]), True),
        (Choice(names=[Position(7, 0)]), False),
        (Choice(keys=[b"other", SECRET.encode()]), True),
        (Choice(keys=[SECRET.encode()[:-1]]), False),
        (Choice(trace_ids=[TRACE]), True),
        (Choice(trace_ids=[TRACE[::-1]]), False),
        (Choice(since=NOON, until=NOON + 1), True),
        (Choice(since=NOON + 1), False),
        (Choice(until=NOON), False),
    ],
)
def test_conditions_narrow_down(chosen: Choice, matches: bool) -> None:
    """Those of one kind are alternatives, those of different kinds must all hold."""
    assert chosen.matches(ONE) is matches
    assert chosen.is_everything is (chosen == Choice())


@pytest.mark.parametrize("header", [b"", b"00-abc", b"\xff\xfe", b"00-\x1b[2J-00f067aa0ba902b7-01"])
def test_a_traceparent_that_is_none_is_no_trace(header: bytes) -> None:
    """It is untrusted: it can match nothing, and raise nothing."""
    odd = DeadLetter.read(replace(ONE.record, headers=(("traceparent", header),)), NOON)
    assert not Choice(trace_ids=[TRACE]).matches(odd)
    assert "\x1b" not in (odd.trace_id or "")


def test_a_choice_is_audited_without_content() -> None:
    """Ids, positions, types and times are what an audit needs; a key is content, so it is only counted."""
    assert Choice().described() == "all"
    chosen = Choice(names=[Position(0, 7)], errors=["E"], keys=[SECRET.encode()], since=NOON)
    assert chosen.described() == {"names": ["0:7"], "errors": ["E"], "keys": 1, "since": "2026-01-02T12:00:00Z"}
    assert SECRET not in str(chosen.described())


@pytest.mark.parametrize(
    ("text", "at"),
    [("90s", NOON - 90_000), ("2h", NOON - 7_200_000), ("2026-01-02T12:00:01Z", NOON + 1_000),
     ("2026-01-02T14:00:00+02:00", NOON)],
)  # fmt: skip
def test_a_time_is_so_long_ago_or_a_moment(text: str, at: int) -> None:
    """As operators say it, and as `dlq list` prints it."""
    assert parse_moment(text, NOON) == at


@pytest.mark.parametrize("text", ["", "2", "yesterday", "2026-01-02T12:00:00", "-2h"])
def test_other_times_are_refused(text: str) -> None:
    """A moment without a time zone would mean another one on every machine."""
    with pytest.raises(ValueError):
        parse_moment(text, NOON)
