"""Lag: what is behind, what of it is due, what retention has taken."""

import pytest

from stillframe.consumer.operate import lag
from stillframe.consumer.operate.lag import FamilyLag, Offsets, PartitionLag, Role, TopicLag, count_due, family_lag
from stillframe.consumer.operate.progress import Progress
from stillframe.schemas import Record
from stillframe.schemas.topics import Tier, TopicFamily

FAMILY = TopicFamily("emails", "mailer", (Tier.parse("1m"),))
RETRY, DEAD = "emails.mailer.retry.1m", "emails.mailer.dlq"
NOW = 1_000_000


def waiting(not_before: bytes | None, value: bytes = b"{}") -> Record:
    headers = () if not_before is None else (("stillframe-not-before", not_before),)
    return Record(RETRY, None, value, headers)


def test_lag_is_log_end_minus_committed() -> None:
    """In offsets."""
    assert PartitionLag.of(0, start=10, end=50, progress=Progress(30)).lag == 20
    assert PartitionLag.of(0, start=10, end=50, progress=Progress(50)).lag == 0


def test_progress_past_the_end_is_that_of_another_topic() -> None:
    """A topic that was deleted and made anew has nothing done: its records must not be hidden by an old commit."""
    assert PartitionLag.of(0, start=0, end=5, progress=Progress(6)) == PartitionLag(0, 0, 5, None)
    assert PartitionLag.of(0, start=0, end=5, progress=Progress(2, ((4, 6),))) == PartitionLag(0, 0, 5, Progress(2))


def test_a_group_that_never_committed_starts_at_the_logs_beginning() -> None:
    """Nothing committed is not nothing to do."""
    never = PartitionLag(0, start=10, end=50)
    assert (never.position, never.lag, never.done, never.deleted) == (10, 40, 0, 0)


def test_what_is_done_above_the_commit_is_known() -> None:
    """The completion map tells it: one slow task does not make a backlog of what ended behind it."""
    behind = PartitionLag(0, start=0, end=50, progress=Progress(30, ((31, 35), (40, 50))))
    assert (behind.lag, behind.done) == (20, 14)
    assert [behind.is_done(offset) for offset in (29, 30, 31, 35, 49)] == [True, False, True, False, True]


def test_what_retention_took_is_not_lag_but_loss() -> None:
    """It will never be done, and somebody has to know; done is counted only where there still is a log."""
    overtaken = PartitionLag(0, start=40, end=50, progress=Progress(30, ((35, 42),)))
    assert (overtaken.lag, overtaken.deleted, overtaken.done) == (10, 10, 0)
    assert overtaken.is_done(41)


def test_a_family_is_told_apart_by_role() -> None:
    """Tasks, retries and dead letters are three figures, not one."""
    ends = {("emails", 0): 10, ("emails", 1): 20, (RETRY, 0): 5, (DEAD, 0): 3}
    progress = {("emails", 1): Progress(15, ((16, 18),)), (DEAD, 0): Progress(1)}
    measured = family_lag(FAMILY, Offsets(dict.fromkeys(ends, 0), ends, progress))
    assert [topic.role for topic in measured.topics] == [Role.TASKS, Role.RETRY, Role.DEAD_LETTERS]
    assert [topic.lag for topic in measured.topics] == [15, 5, 2]
    assert [measured.unfinished(role) for role in Role] == [13, 5, 2]
    assert [topic.tier for topic in measured.topics] == [None, "1m", None]


def test_topics_that_do_not_exist_are_left_out() -> None:
    """A family half created is still measured."""
    measured = family_lag(FAMILY, Offsets({(RETRY, 0): 0}, {(RETRY, 0): 1}, {}))
    assert [topic.topic for topic in measured.topics] == [RETRY]


def test_due_is_what_has_reached_its_time() -> None:
    """Not before it; a header that is missing or cannot be read is taken up at once, so it is due."""
    records = [waiting(b"999999"), waiting(b"1000000"), waiting(b"1000001"), waiting(None), waiting(b"soon")]
    assert count_due(records, NOW) == 4


def test_too_much_to_look_at_is_said_to_be_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A count that would cost more than the work is not made, and not guessed."""
    monkeypatch.setattr(lag, "MOST_RECORDS", 2)
    assert count_due([waiting(b"1")] * 2, NOW) == 2
    assert count_due([waiting(b"1")] * 3, NOW) is None
    monkeypatch.setattr(lag, "MOST_BYTES", 10)
    assert count_due([waiting(b"1", b"x" * 11)], NOW) is None


def test_a_sum_with_an_unknown_part_is_unknown() -> None:
    """Half a figure would look like good news."""
    tasks = TopicLag("t", Role.TASKS, None, ())
    minute, hour = TopicLag("a", Role.RETRY, "1m", (), 3), TopicLag("b", Role.RETRY, "1h", ())
    assert FamilyLag(FAMILY, (tasks, minute)).due == 3
    assert FamilyLag(FAMILY, (tasks, minute, hour)).due is None
    assert FamilyLag(FAMILY, (tasks,)).due == 0
