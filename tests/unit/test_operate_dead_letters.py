"""Dead letters: what is read from their headers, and how they are named."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from stillframe.consumer.operate.dead_letters import DeadLetter, Position, parse_name
from stillframe.consumer.operate.errors import CommandError
from stillframe.schemas import Record
from stillframe.schemas.topics import TopicFamily
from tests.dead_letters import NOON, SECRET, dead_letter, task_id

FAMILY = TopicFamily("emails", "mailer")


def dead(died_at: int = NOON, offset: int = 7, **parts: Any) -> DeadLetter:
    return DeadLetter.read(replace(dead_letter(FAMILY, **parts), offset=offset), died_at)


def test_identity_and_cause_come_from_headers() -> None:
    """Listing decodes nothing."""
    record = dead_letter(FAMILY, partition=2, origin=40)
    found = DeadLetter.read(replace(record, value=b"not decoded", offset=9), NOON)
    assert (found.task_type, found.task_id) == ("send_email", task_id(record))
    assert found.state.error_type == "smtplib.SMTPDataError"
    assert found.position == Position(2, 9)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("stillframe-attempt", b"minus one"), ("ce_type", b"\x1b[2J\xff")),
        (("stillframe-origin-offset", b"9" * 40), ("ce_id", None)),
    ],
)
def test_no_header_can_stop_a_listing(headers: tuple[tuple[str, bytes | None], ...]) -> None:
    """Headers are untrusted: what cannot be read is left out, and no control character gets through."""
    found = DeadLetter.read(Record("emails.mailer.dlq", None, None, headers, 0, 1), NOON)
    assert found.task_id is None
    assert "\x1b" not in (found.task_type or "")
    assert found.names == (Position(0, 1),)


def test_order_is_by_origin() -> None:
    """Whatever order tasks died in, they go back in the order in which they were submitted."""
    letters = [dead(partition=p, origin=o) for p, o in [(1, 3), (0, 9), (1, 1), (0, 2)]]
    in_order = [each.order for each in sorted(letters, key=lambda letter: letter.order)]
    assert in_order == [("emails", 0, 2), ("emails", 0, 9), ("emails", 1, 1), ("emails", 1, 3)]
    nowhere = DeadLetter.read(Record("emails.mailer.dlq", None, None, (), 3, 4), NOON)
    assert nowhere.order == ("emails.mailer.dlq", 3, 4)


def test_names_are_ids_or_positions() -> None:
    """Either is enough to find a dead letter."""
    uuid = "0198c1f0-0000-7000-8000-000000000001"
    assert parse_name(uuid) == UUID(uuid)
    assert parse_name("0:12") == Position(0, 12)
    assert str(parse_name("3:0")) == "3:0"


@pytest.mark.parametrize("text", ["", "12", ":", "1:", "-1:2", "1:2:3", "a:b", "٣:1", "0:" + "9" * 30, "not-a-uuid"])
def test_other_names_are_refused(text: str) -> None:
    """The error says what a name looks like, its hint where to find one."""
    with pytest.raises(CommandError, match="names no dead letter") as refused:
        parse_name(text)
    assert "dlq list" in refused.value.__notes__[0]


def test_nothing_shown_of_a_dead_letter_is_content() -> None:
    """Key, payload and path of the request hold a secret; what is read of them shows none."""
    found = dead()
    assert SECRET not in f"{found.task_id} {found.task_type} {found.state} {found.position}"
