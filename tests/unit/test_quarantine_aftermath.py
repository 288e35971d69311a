"""After a crash the suspects are marked, then the journal begins anew; and every attempt is noted there."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from stillframe.consumer.events import CrashFound, Event, Warned
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.end import Done, End
from stillframe.consumer.quarantine import aftermath, journal
from stillframe.consumer.quarantine.aftermath import noted, take_over
from stillframe.consumer.quarantine.inheritance import Inheritance, bequeathed, inherit
from stillframe.consumer.quarantine.journal import Journal
from stillframe.consumer.quarantine.slots import InFlight
from tests.arrivals import arrival, partition


class Companion:
    """Remembers whom it was told to mark."""

    def __init__(self) -> None:
        self.marked: list[InFlight] = []

    def mark(self, suspects: Sequence[InFlight]) -> None:
        self.marked.extend(suspects)


@pytest.fixture
def descriptor(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(aftermath, "kills_whole_group", lambda: False)
    opened = journal.open_journal()
    yield opened
    os.close(opened)


def begin(inheritance: Inheritance, companion: Any, events: list[Event]) -> Journal | None:
    return take_over(inheritance, companion, ["emails"], events.append, most=4)


def test_without_a_supervisor_there_is_no_journal() -> None:
    events: list[Event] = []
    assert begin(Inheritance(None), None, events) is None
    assert events == []


def test_the_first_process_marks_nobody(descriptor: int) -> None:
    companion, events = Companion(), list[Event]()
    assert begin(Inheritance(descriptor), companion, events) is not None
    assert not companion.marked
    assert not events
    assert journal.pulse(descriptor)


def test_after_a_crash_the_suspects_are_marked_and_the_journal_is_clean(descriptor: int) -> None:
    Journal(descriptor, ["emails"], 4).start(arrival(partition(), 7))
    companion, events = Companion(), list[Event]()
    begin(Inheritance(descriptor, 2, "it died"), companion, events)
    assert [each.offset for each in companion.marked] == [7]
    assert events == [CrashFound("it died", 2, 1)]
    assert journal.read(descriptor) == []


def test_a_limit_that_would_kill_the_supervisor_too_is_warned_about(
    descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aftermath, "kills_whole_group", lambda: True)
    events: list[Event] = []
    begin(Inheritance(descriptor), Companion(), events)
    assert events == [Warned(aftermath.WHOLE_GROUP)]


def test_an_attempt_is_in_flight_while_it_runs(descriptor: int) -> None:
    seen = []

    def run(arrival: Arrival) -> End:
        seen.extend(journal.read(descriptor))
        return Done()

    noted(run, Journal(descriptor, ["emails"], 4))(arrival(partition(), 7))
    assert [each.offset for each in seen] == [7]
    assert journal.read(descriptor) == []


def test_one_that_asks_for_the_end_stays_in_the_journal(descriptor: int) -> None:
    def run(_: Arrival) -> End:
        raise SystemExit

    kept = Journal(descriptor, ["emails"], 4)
    kept.start(arrival(partition(), 1))
    with pytest.raises(SystemExit):
        noted(run, kept)(arrival(partition(), 7))
    assert [each.offset for each in journal.read(descriptor)] == [7]


def test_without_a_journal_nothing_is_between() -> None:
    def run(_: Arrival) -> End:
        return Done()

    assert noted(run, None) is run


def test_what_is_bequeathed_is_inherited_once(monkeypatch: pytest.MonkeyPatch) -> None:
    left = Inheritance(5, 2, "it died")
    for name, value in bequeathed(left).items():
        monkeypatch.setenv(name, value)
    assert inherit() == left
    assert inherit() == Inheritance(None)
