"""The journal as the supervisor reads it: what is in flight, what was alone, who asked for the end, the pulse."""

import os
from collections.abc import Iterator

import pytest

from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.quarantine import journal
from stillframe.consumer.quarantine.journal import Journal
from stillframe.consumer.quarantine.marks import Verdict, fingerprint
from tests.arrivals import arrival, partition
from tests.waiting import wait_until

SOURCE = partition(3)


@pytest.fixture
def descriptor() -> Iterator[int]:
    opened = journal.open_journal()
    yield opened
    os.close(opened)


@pytest.fixture
def kept(descriptor: int) -> Journal:
    return Journal(descriptor, ["emails"], 2)


def offsets(descriptor: int) -> list[int]:
    return [each.offset for each in journal.read(descriptor)]


def suspect(offset: int) -> Arrival:
    made = arrival(SOURCE, offset)
    made.verdict = Verdict.ALONE
    return made


def test_before_the_first_process_there_is_nothing(descriptor: int) -> None:
    assert journal.read(descriptor) == []
    assert journal.pulse(descriptor) == 0
    journal.still_pulse(descriptor)
    assert os.fstat(descriptor).st_size == 0


def test_an_attempt_is_in_flight_from_start_to_end(descriptor: int, kept: Journal) -> None:
    slot = kept.start(arrival(SOURCE, 7, value=b"seven"))
    (found,) = journal.read(descriptor)
    assert found == ("emails", 3, 7, fingerprint(b"seven"), False)
    kept.end(slot)
    assert journal.read(descriptor) == []


def test_a_slot_is_used_again(descriptor: int, kept: Journal) -> None:
    for offset in range(5):
        kept.end(kept.start(arrival(SOURCE, offset)))
    kept.start(arrival(SOURCE, 9))
    assert offsets(descriptor) == [9]


def test_what_does_not_fit_runs_unnoted(descriptor: int, kept: Journal) -> None:
    slots = [kept.start(arrival(SOURCE, offset)) for offset in range(3)]
    assert slots[2] is None
    kept.blame(slots[2])
    kept.end(slots[2])
    assert offsets(descriptor) == [0, 1]


def test_a_suspect_is_alone_only_with_nothing_beside_it(descriptor: int, kept: Journal) -> None:
    kept.end(kept.start(suspect(1)))
    alone = kept.start(suspect(1))
    assert [each.alone for each in journal.read(descriptor)] == [True]
    kept.end(alone)
    kept.start(arrival(SOURCE, 2))
    kept.start(suspect(1))
    assert [each.alone for each in journal.read(descriptor)] == [False, False]


def test_nothing_that_just_happens_to_be_alone_counts_as_such(descriptor: int, kept: Journal) -> None:
    kept.start(arrival(SOURCE, 1))
    assert [each.alone for each in journal.read(descriptor)] == [False]


def test_who_asks_for_the_end_is_the_only_suspect(descriptor: int, kept: Journal) -> None:
    """And it was not alone, if something is beside it by then."""
    culprit = kept.start(suspect(1))
    kept.start(arrival(SOURCE, 2))
    kept.blame(culprit)
    (found,) = journal.read(descriptor)
    assert (found.offset, found.alone) == (1, False)


def test_the_next_process_begins_with_a_clean_one(descriptor: int, kept: Journal) -> None:
    kept.start(arrival(SOURCE, 1))
    Journal(descriptor, ["emails", "emails.mailer.retry.1m"], 9)
    assert journal.read(descriptor) == []


def test_the_pulse_beats_at_once_and_then_by_itself(
    descriptor: int, kept: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "TICK", 0.01)
    kept.beat()
    assert journal.pulse(descriptor) >= 1
    wait_until(lambda: journal.pulse(descriptor) > 3, describe="the pulse to go on")
    assert journal.read(descriptor) == []
