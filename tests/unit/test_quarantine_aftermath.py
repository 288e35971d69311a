"""After a crash the suspects are marked, then the journal begins anew; and every attempt is noted there."""

import os
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from stillframe.consumer import WorkerSettings
from stillframe.consumer.events import CrashFound, Event, Warned
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.end import Done, End
from stillframe.consumer.quarantine import aftermath, journal
from stillframe.consumer.quarantine.aftermath import confess, noted, take_over
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


def begin(
    inheritance: Inheritance,
    companion: Any,
    events: list[Event],
    *,
    rejoin_after: float = 0.0,
    stopping: bool = False,
) -> Journal | None:
    return take_over(
        inheritance, companion, ["emails"], events.append, rejoin_after=rejoin_after, stopping=lambda: stopping
    )


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


def test_the_group_is_joined_when_it_knows_that_the_dead_member_is_gone(descriptor: int) -> None:
    Journal(descriptor, ["emails"], 4).start(arrival(partition(), 7))
    events, before = list[Event](), time.monotonic()
    begin(Inheritance(descriptor, 1, "it died"), Companion(), events, rejoin_after=0.2)
    assert time.monotonic() - before >= 0.2
    assert events == [CrashFound("it died", 1, 1, 0.2)]


def test_a_stop_ends_that_wait(descriptor: int) -> None:
    Journal(descriptor, ["emails"], 4).start(arrival(partition(), 7))
    before = time.monotonic()
    begin(Inheritance(descriptor, 1, "it died"), Companion(), [], rejoin_after=60, stopping=True)
    assert time.monotonic() - before < 60


def test_after_a_drain_there_is_nothing_to_wait_for(descriptor: int) -> None:
    events: list[Event] = []
    begin(Inheritance(descriptor, 1, "it was asked to"), Companion(), events, rejoin_after=60)
    assert events == [CrashFound("it was asked to", 1, 0)]


@pytest.mark.parametrize(
    ("kafka", "seconds"),
    [
        ({"partition.assignment.strategy": "range"}, 45),
        ({"partition.assignment.strategy": "roundrobin", "session.timeout.ms": 9_000}, 9),
        ({"partition.assignment.strategy": "range", "group.instance.id": "worker-0"}, 0),
        ({"partition.assignment.strategy": "cooperative-sticky"}, 0),
        ({"group.protocol": "consumer"}, 0),
        ({"group.protocol": "consumer", "group.instance.id": "worker-0"}, 45),
    ],
)
def test_the_session_of_a_dead_member_is_waited_for_where_it_must_be(kafka: dict[str, Any], seconds: float) -> None:
    assert WorkerSettings(kafka=kafka).rejoin_after == seconds


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


def test_a_process_that_drains_marks_its_culprit_itself(descriptor: int) -> None:
    """Before others get its partitions; the process after it has nobody to mark, nor has it one that is killed."""
    kept, companion = Journal(descriptor, ["emails"], 4), Companion()
    kept.start(arrival(partition(), 1))
    kept.blame(kept.start(arrival(partition(), 7)))
    confess(kept, companion)  # type: ignore[arg-type]
    assert [each.offset for each in companion.marked] == [7]
    assert journal.read(descriptor) == []
    confess(None, companion)  # type: ignore[arg-type]


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
