"""What librdkafka says of itself: news, or the end of this client; with what to do about it where we know."""

from typing import Any

import pytest
from confluent_kafka import KafkaError

from stillframe.consumer.errors import FatalClientError
from stillframe.consumer.events import ClientTrouble, Event
from stillframe.consumer.intake.client_errors import ClientErrors


@pytest.fixture
def events() -> list[Event]:
    return []


def test_most_errors_are_news_only(events: list[Event]) -> None:
    """The client goes on by itself."""
    errors = ClientErrors(events.append)
    errors(KafkaError(KafkaError._TRANSPORT, "gone"))
    errors.check()
    assert events == [ClientTrouble("_TRANSPORT", "gone")]


def test_a_fatal_error_ends_the_worker(events: list[Event]) -> None:
    """librdkafka's callback says `_FATAL` without marking it as fatal."""
    told = KafkaError(KafkaError._FATAL, f"Fatal error: {KafkaError(KafkaError.FENCED_INSTANCE_ID).str()}")
    assert not told.fatal()
    errors = ClientErrors(events.append)
    errors(told)
    with pytest.raises(FatalClientError, match=r"another worker runs with this group\.instance\.id"):
        errors.check()


@pytest.mark.parametrize("code", [KafkaError.INCONSISTENT_GROUP_PROTOCOL, KafkaError.UNRELEASED_INSTANCE_ID])
def test_a_cure_is_named(events: list[Event], code: int) -> None:
    """Where librdkafka does not say what to do."""
    error: Any = KafkaError(code)
    ClientErrors(events.append)(error)
    (trouble,) = events
    assert isinstance(trouble, ClientTrouble)
    assert trouble.detail.startswith(error.str() + ": ")
