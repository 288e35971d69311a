"""Every listener hears every event, those that come with every task by the way that it has asked for."""

from unittest.mock import MagicMock

import pytest

from stillframe.consumer.events import AttemptEnded, AttemptStarted, Draining, Event, Events, HearsAttempts
from stillframe.consumer.outcome.end import Done
from tests.arrivals import arrival, partition

STARTED = AttemptStarted(arrival(partition()), "mail", "0198")
ENDED = AttemptEnded(STARTED.arrival, "mail", "0198", Done(), 0.1)


class Listener(HearsAttempts):
    """Hears the ends of attempts by a method of its own, and of their starts nothing."""

    def __init__(self) -> None:
        self.heard: list[Event] = []
        self.ends: list[AttemptEnded] = []
        self.of_attempts = {AttemptStarted: None, AttemptEnded: self.ends.append}

    def __call__(self, event: Event) -> None:
        self.heard.append(event)


def test_each_hears_them_in_order_and_as_it_has_asked() -> None:
    plain: list[Event] = []
    ours = Listener()
    events = Events([ours, plain.append])
    told = (STARTED, ENDED, Draining("asked to stop"))
    for event in told:
        events.emit(event)
    assert plain == list(told)
    assert (ours.heard, ours.ends) == ([told[-1]], [ENDED])


def test_one_that_raises_keeps_nothing_from_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    """Nor from the engine; what it raised is told."""
    heard: list[Event] = []
    ours = Listener()
    ours.of_attempts = {AttemptEnded: lambda _: 1 / 0}
    Events([ours, heard.append]).emit(ENDED)
    assert heard == [ENDED]
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_one_that_answers_to_any_name_hears_all_by_itself() -> None:
    """Such as a mock in a test of an application's own."""
    mock = MagicMock()
    Events([mock]).emit(ENDED)
    mock.assert_called_once_with(ENDED)
