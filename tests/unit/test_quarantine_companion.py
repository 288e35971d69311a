"""Marks are read and written with patience, up to a bound; what cannot be is warned about once, and costs no work."""

from collections.abc import Callable
from typing import Any

import confluent_kafka
import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from stillframe.consumer import WorkerSettings
from stillframe.consumer.events import Event, SuspectMarked, Warned
from stillframe.consumer.quarantine import companion
from stillframe.consumer.quarantine.companion import Companion
from stillframe.consumer.quarantine.marks import Mark, decode, encode
from stillframe.consumer.quarantine.slots import InFlight

PLACE = ("emails", 3)
KILLER = InFlight(*PLACE, 7, 0xABC, alone=False)


class Kafka:
    """Groups with their commits, and the consumers that ask for them. It refuses the first questions."""

    def __init__(self) -> None:
        self.commits: dict[str, dict[tuple[str, int], TopicPartition]] = {"mailer": {}, "mailer.suspects": {}}
        self.refusals: list[int] = []
        self.closed = self.opened = 0

    def build(self, _: object, properties: dict[str, Any]) -> "Consumer":
        self.opened += 1
        return Consumer(self, properties)

    def refuse(self) -> None:
        if self.refusals:
            raise KafkaException(KafkaError(self.refusals.pop(0)))

    def marks(self) -> dict[int, Mark]:
        return decode(self.commits["mailer.suspects"][PLACE].metadata)


class Consumer:
    """One that belongs to no group, and asks for the commits of one."""

    def __init__(self, kafka: Kafka, properties: dict[str, Any]) -> None:
        self.kafka, self.group, self.answered = kafka, properties["group.id"], properties["on_commit"]
        self.answer: tuple[Any, list[TopicPartition]] | None = None

    def committed(self, positions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        self.kafka.refuse()
        known = self.kafka.commits[self.group]
        return [known.get((each.topic, each.partition), each) for each in positions]

    def commit(self, offsets: list[TopicPartition], *, asynchronous: bool) -> None:
        assert asynchronous
        self.answer = None, offsets
        if self.kafka.refusals:
            self.answer = KafkaError(self.kafka.refusals.pop(0)), offsets
        else:
            self.kafka.commits[self.group].update({(each.topic, each.partition): each for each in offsets})

    def poll(self, timeout: float) -> None:
        assert self.answer
        self.answered(*self.answer)

    def close(self) -> None:
        self.kafka.closed += 1


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    made = Kafka()
    monkeypatch.setattr(companion, "build", made.build)
    monkeypatch.setattr(companion, "ASK_AGAIN_AFTER", 0)
    return made


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def make(events: list[Event]) -> Callable[..., Companion]:
    def made(*, stopping: bool = False) -> Companion:
        return Companion(WorkerSettings(), "mailer", events.append, stopping=lambda: stopping)

    return made


def test_whoever_asks_next_finds_the_marks(kafka: Kafka, make: Callable[..., Companion], events: list[Event]) -> None:
    make().mark([KILLER])
    make().mark([KILLER._replace(alone=True)])
    assert make().marks([PLACE]) == {PLACE: {7: Mark(0xABC, 2, 1)}}
    assert events == [SuspectMarked(*PLACE, 7, 1, 0), SuspectMarked(*PLACE, 7, 2, 1)]
    assert kafka.opened == kafka.closed


def test_marks_of_what_is_done_are_forgotten(kafka: Kafka, make: Callable[..., Companion]) -> None:
    make().mark([KILLER._replace(offset=5)])
    kafka.commits["mailer"][PLACE] = TopicPartition(*PLACE, 6)
    make().mark([KILLER])
    assert list(kafka.marks()) == [7]


def test_nothing_in_flight_asks_nothing(kafka: Kafka, make: Callable[..., Companion]) -> None:
    make().mark([])
    assert kafka.opened == 0


def test_a_coordinator_that_moves_is_asked_again(
    kafka: Kafka, make: Callable[..., Companion], events: list[Event]
) -> None:
    kafka.refusals = [KafkaError.NOT_COORDINATOR] * 5
    make().mark([KILLER])
    assert list(kafka.marks()) == [7]
    assert not any(isinstance(event, Warned) for event in events)


def test_without_the_permission_work_goes_on_and_says_so_once(
    kafka: Kafka, make: Callable[..., Companion], events: list[Event]
) -> None:
    kafka.refusals = [KafkaError.GROUP_AUTHORIZATION_FAILED] * 9
    forbidden = make()
    forbidden.mark([KILLER])
    assert forbidden.marks([PLACE])[PLACE] == {7: Mark(0xABC, 1, 0)}  # it remembers what it has found out itself
    (warning,) = (event.text for event in events if isinstance(event, Warned))
    assert "needs the operation Read on that group" in warning


def test_a_broker_that_does_not_answer_is_given_up(
    kafka: Kafka, make: Callable[..., Companion], events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companion, "ASK_FOR", 0)
    kafka.refusals = [KafkaError._TIMED_OUT] * 9
    make().mark([KILLER])
    assert sum(isinstance(event, Warned) for event in events) == 1
    assert kafka.opened == kafka.closed


def test_a_stop_ends_the_patience(kafka: Kafka, make: Callable[..., Companion]) -> None:
    kafka.refusals = [KafkaError._TIMED_OUT] * 9
    assert make(stopping=True).marks([PLACE]) == {PLACE: {}}
    assert len(kafka.refusals) == 8


def test_marks_that_cannot_be_read_are_not_written_over(
    kafka: Kafka, make: Callable[..., Companion], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companion, "ASK_FOR", 0)
    for _ in range(2):
        make().mark([KILLER])
    kafka.refusals = [KafkaError._TIMED_OUT] * 2
    make().mark([KILLER])
    assert kafka.marks() == {7: Mark(0xABC, 2, 0)}


def test_metadata_of_others_is_ignored_with_a_warning(
    kafka: Kafka, make: Callable[..., Companion], events: list[Event]
) -> None:
    kafka.commits["mailer.suspects"][PLACE] = TopicPartition(*PLACE, 7, "something else")
    assert make().marks([PLACE, ("emails", 4)]) == {PLACE: {}, ("emails", 4): {}}
    assert [str(event) for event in events if "emails[3] in group mailer.suspects is ignored" in str(event)]


def test_a_bystander_is_no_member_and_commits_nothing_by_itself() -> None:
    settings = WorkerSettings(kafka={"session.timeout.ms": 9_000, "group.instance.id": "me", "client.id": "c"})
    properties = settings.bystander_properties("mailer.suspects")
    assert properties["group.id"] == "mailer.suspects"
    assert properties["enable.auto.commit"] is False
    assert "group.instance.id" not in properties


def test_a_bystander_can_be_made_of_a_members_narrow_limits() -> None:
    """librdkafka refuses the one limit without the other, and a bystander fetches nothing."""
    narrow = {"receive.message.max.bytes": 1_200_000, "fetch.max.bytes": 1_000_000}
    confluent_kafka.Consumer(WorkerSettings(kafka=narrow).bystander_properties("mailer.suspects")).close()


def test_what_was_written_is_what_is_read() -> None:
    marks = {7: Mark(0xABC, 2, 1)}
    assert decode(encode(marks)) == marks
