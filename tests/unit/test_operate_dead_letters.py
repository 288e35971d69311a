"""Dead letters: what is read from their headers, how they are named, chosen and sent back."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from stillframe.consumer.operate.dead_letters import DeadLetter, Position, parse_name
from stillframe.consumer.operate.errors import CommandError
from stillframe.consumer.operate.piles import Filter, Piles
from stillframe.schemas import Record
from stillframe.schemas.headers import MOST_ATTEMPTS, DeliveryState, Origin, read_delivery_state
from stillframe.schemas.topics import Tier, TopicFamily
from tests.dead_letters import NOON, SECRET, dead_letter, task_id

FAMILY = TopicFamily("emails", "mailer")
MINUTE = Tier.parse("1m")


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


def test_a_redriven_task_starts_afresh() -> None:
    """Due now, attempt 1, no age; it keeps its origin, its last error and everything that is not ours."""
    before = dead(attempt=10, error_message="no route", origin=40)
    after = Record("emails.mailer.retry.1m", None, None, before.redriven(MINUTE, NOON + 5))
    assert read_delivery_state(after) == DeliveryState(
        attempt=1,
        not_before=NOON + 5,
        first_failed_at=None,
        error_type="smtplib.SMTPDataError",
        error_message="no route",
        origin=Origin("emails", 0, 40),
        retry_tier="1m",
        replayed=1,
    )
    ours = {name for name, _ in after.headers if not name.startswith("stillframe-")}
    assert ours == {name for name, _ in before.record.headers if not name.startswith("stillframe-")}
    assert after.header("x-own") == b"kept"


@pytest.mark.parametrize(("before", "after"), [(0, 1), (6, 7), (MOST_ATTEMPTS, MOST_ATTEMPTS)])
def test_every_replay_is_counted(before: int, after: int) -> None:
    """A task that keeps coming back can be recognised; the count stays within its bound."""
    headers = dead(replayed=before).redriven(MINUTE, NOON)
    assert read_delivery_state(Record("t", None, None, headers)).replayed == after


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


def test_filters_narrow_down() -> None:
    """Conditions of one kind are alternatives, those of different kinds must all hold."""
    one = dead()
    assert Filter().is_everything
    assert Filter().matches(one)
    assert Filter(types=["resize", "send_email"]).matches(one)
    assert Filter(errors=["SMTPDataError"]).matches(one)
    assert Filter(errors=["smtplib.SMTPDataError"], types=["send_email"]).matches(one)
    assert not Filter(errors=["DataError"]).matches(one)
    assert not Filter(errors=["SMTPDataError"], types=["resize"]).matches(one)
    assert Filter(names=[Position(0, 7)]).matches(one)
    assert Filter(names=[UUID(one.task_id)]).matches(one)
    assert not Filter(names=[Position(7, 0)]).matches(one)


def test_a_filter_is_audited_without_content() -> None:
    """Ids, positions and types are what an audit needs."""
    assert Filter().described() == "all"
    assert Filter(names=[Position(0, 7)], errors=["E"]).described() == {"names": ["0:7"], "errors": ["E"]}


def test_piles_count_by_type_and_error() -> None:
    """The largest pile comes first, with its first and last death and the newest as an example."""
    piles = Piles()
    for at, offset, error in [(300, 3, "A"), (100, 1, "A"), (200, 2, "B")]:
        piles.add(dead(at, offset, error_type=error))
    first, second = piles.largest_first()
    assert (first.error_type, first.count, first.first, first.last, first.newest) == ("A", 2, 100, 300, "0:3")
    assert (second.error_type, second.count) == ("B", 1)
    assert piles.count == 3


def test_nothing_shown_of_a_dead_letter_is_content() -> None:
    """Key, payload and path of the request hold a secret; what is read of them shows none."""
    found = dead()
    assert SECRET not in f"{found.task_id} {found.task_type} {found.state} {found.position}"
