"""Where a dead letter goes when it is sent back, as what, and which are held back."""

from dataclasses import replace
from typing import Any

import pytest

from stillframe.consumer.operate.cluster import Layout
from stillframe.consumer.operate.dead_letters import DeadLetter
from stillframe.consumer.operate.replays import MOST_KEPT, REDRIVEN, Replay, read_replays, with_replay
from stillframe.consumer.operate.source import Source
from stillframe.consumer.operate.targets import LOOPING, MOST_REPLAYS, NO_COPY, NO_ORIGIN, NO_TOPIC, Aim
from stillframe.schemas import Record
from stillframe.schemas.headers import MOST_ATTEMPTS, DeliveryState, Origin, read_delivery_state
from stillframe.schemas.topics import TopicFamily
from tests.dead_letters import NOON, dead_letter
from tests.foreign_dead_letters import CONNECT, SHARE_GROUP, SPRING_RETRIES

FAMILY = TopicFamily("emails", "mailer")
OWN, ELSEWHERE = Source.of(FAMILY), Source("orders-dlt", "billing")
LAYOUTS = {name: Layout(4, 1) for name in (*FAMILY.names, "orders", "repair")}
NOW, WHO = NOON + 5, "ada@ops-1"
REPLAY = Replay(NOW, WHO)


def dead(**parts: Any) -> DeadLetter:
    return DeadLetter.read(dead_letter(FAMILY, **parts), NOON)


def foreign(headers: Any, value: bytes | None = b"{}") -> DeadLetter:
    return DeadLetter.read(Record("orders-dlt", value, value, (("x-own", b"kept"), *headers), 2, 1), NOON)


def test_a_redriven_task_starts_afresh() -> None:
    """Due now, attempt 1, no age; it keeps its origin, its last error and everything that is not ours."""
    before = dead(attempt=10, error_message="no route", origin=40)
    after = Aim(OWN).parcel(before, LAYOUTS, REPLAY)
    assert (after.topic, after.partition, after.value) == ("emails.mailer.retry.1m", 0, before.record.value)
    assert read_delivery_state(after) == DeliveryState(
        attempt=1,
        not_before=NOW,
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
    assert read_replays(after) == (REPLAY,)


@pytest.mark.parametrize(("before", "after"), [(0, 1), (6, 7), (MOST_ATTEMPTS, MOST_ATTEMPTS)])
def test_every_replay_is_counted(before: int, after: int) -> None:
    """A task that keeps coming back can be recognised; the count stays within its bound."""
    sent = Aim(OWN, force=True).parcel(dead(replayed=before), LAYOUTS, REPLAY)
    assert read_delivery_state(sent).replayed == after


@pytest.mark.parametrize(("partition", "goes_to"), [(3, 3), (4, -1)])
def test_its_partition_stays_where_there_is_one(partition: int, goes_to: int) -> None:
    """So that it meets the later tasks of its key in one worker; else the key decides."""
    assert Aim(OWN).parcel(dead(partition=partition), LAYOUTS, REPLAY).partition == goes_to


def test_to_a_task_topic_it_goes_as_it_was_submitted() -> None:
    """Delivery headers count on retry topics only. Who sent it back, and how often, is told all the same."""
    sent = Aim(OWN, to="emails").parcel(dead(partition=3, replayed=2), LAYOUTS, REPLAY)
    assert (sent.topic, sent.partition) == ("emails", 3)
    assert [name for name, _ in sent.headers if name.startswith("stillframe-")] == [REDRIVEN]
    assert Aim(OWN, to="repair").parcel(dead(partition=3), LAYOUTS, REPLAY).partition == -1


@pytest.mark.parametrize("headers", [SPRING_RETRIES, CONNECT, SHARE_GROUP])
def test_another_systems_goes_to_where_it_came_from(headers: Any) -> None:
    """Its own workers read it there, and count from the beginning."""
    sent = Aim(ELSEWHERE).parcel(foreign(headers), LAYOUTS, REPLAY)
    origin = foreign(headers).state.origin
    assert origin is not None
    assert (sent.topic, sent.partition) == ("orders", origin.partition)
    assert [name for name, _ in sent.headers] == ["x-own", REDRIVEN]


def test_the_guard_against_loops_counts_either_way() -> None:
    """By our count, and by the headers of those that went through a task topic or another system."""
    often = [("stillframe-redriven", Replay(NOON, WHO).encoded)] * MOST_REPLAYS
    for looping in (dead(replayed=MOST_REPLAYS), foreign((*CONNECT, *often))):
        assert Aim(OWN).refusal(looping, LAYOUTS) == LOOPING
        assert Aim(OWN, force=True).refusal(looping, LAYOUTS) is None
    assert Aim(OWN).refusal(dead(replayed=MOST_REPLAYS - 1), LAYOUTS) is None


def test_what_cannot_go_is_held_back_with_the_reason() -> None:
    """It is neither sent anywhere nor counted as sent."""
    aim = Aim(ELSEWHERE)
    assert aim.refusal(foreign(SHARE_GROUP, None), LAYOUTS) == NO_COPY
    assert aim.refusal(foreign(()), LAYOUTS) == NO_ORIGIN
    assert aim.refusal(foreign(CONNECT), {"repair": Layout(1, 1)}) == NO_TOPIC
    assert Aim(ELSEWHERE, to="repair").refusal(foreign(()), LAYOUTS) is None


def test_replays_are_bounded_and_believed_only_in_their_form() -> None:
    """Anybody who writes to a task topic can forge them: they can cost neither room nor an error."""
    headers: Any = ()
    for at in range(3 * MOST_KEPT):
        headers = with_replay(headers, Replay.now(at, "x" * 900))
    record = replace(dead().record, headers=headers)
    assert [replay.at for replay in read_replays(record)] == list(range(2 * MOST_KEPT, 3 * MOST_KEPT))
    assert sum(len(value or b"") for _, value in headers) < 4_096
    forged = tuple((REDRIVEN, value) for value in (None, b"", b"soon ada", b"9" * 30, b"\xff 1"))
    assert read_replays(replace(record, headers=forged)) == ()
