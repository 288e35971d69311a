"""The courier of an operator's commands: what it reports when librdkafka balks."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from stillframe.consumer.operate import courier
from stillframe.consumer.operate.courier import Courier, Parcel
from stillframe.consumer.settings import WorkerSettings
from stillframe.producer.errors import SubmitFailed, SubmitUnknown
from stillframe.schemas import Record
from stillframe.schemas.topics import TopicFamily
from tests.operate_world import World

TIER = "emails.mailer.retry.1m"
PARCELS = [Parcel(n, Record(TIER, None, b"%d" % n, (), 0)) for n in range(5)]


class Balking:
    """A producer that does as it is told: what to raise by `produce`, and what by `flush`."""

    def __init__(self, world: World, produce: Any = None, flush: Any = None, missing: int = 0) -> None:
        self._inner = world.producer(None, {})
        self._produce = iter(produce or ())
        self._flush = flush
        self._missing = missing
        self.polls = 0

    def produce(self, *arguments: Any, **options: Any) -> None:
        error = next(self._produce, None)
        if error is not None:
            raise error
        self._inner.produce(*arguments, **options)

    def poll(self, timeout: float) -> int:
        self.polls += 1
        return 0

    def flush(self, timeout: float) -> int:
        if self._flush is not None:
            raise self._flush
        return self._missing


def sent(patch: pytest.MonkeyPatch, producer: Balking) -> courier.Sent:
    patch.setattr(courier, "build", lambda factory, config: producer)
    with Courier(WorkerSettings()) as made:
        return made.send(PARCELS)


def test_a_full_queue_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is back-pressure, not an error: reports make room."""
    producer = Balking(World(TopicFamily("emails", "mailer")), [None, BufferError(), BufferError()])
    found = sent(monkeypatch, producer)
    assert (found.acknowledged, found.error, producer.polls) == ([0, 1, 2, 3, 4], None, 2)


def test_what_was_handed_over_before_a_refusal_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is handed over after it."""
    refused = KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE))
    found = sent(monkeypatch, Balking(World(TopicFamily("emails", "mailer")), [None, None, refused]))
    assert found.acknowledged == [0, 1]
    assert isinstance(found.error, SubmitFailed)


@pytest.mark.parametrize("fatal", [SystemError("flush"), KafkaException(KafkaError(KafkaError._FATAL))])
def test_a_client_that_breaks_ends_the_run(monkeypatch: pytest.MonkeyPatch, fatal: Exception) -> None:
    """With what was acknowledged until then: the rest may have arrived, and may be sent once more."""
    found = sent(monkeypatch, Balking(World(TopicFamily("emails", "mailer")), flush=fatal))
    assert found.acknowledged == [0, 1, 2, 3, 4]
    assert isinstance(found.error, SubmitUnknown)


def test_reports_that_do_not_come_are_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """librdkafka owes one for each record within its own deadline. Those that have come count, and are audited."""
    found = sent(monkeypatch, Balking(World(TopicFamily("emails", "mailer")), missing=2))
    assert found.acknowledged == [0, 1, 2, 3, 4]
    assert isinstance(found.error, SubmitUnknown)
    assert "2 reports did not come within" in str(found.error)
