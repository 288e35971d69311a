"""Looks at the logs: nothing waits for an answer, and a log that is not the same is begun anew."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from stillframe.consumer.events import (
    ClientTrouble,
    Event,
    LogsMeasured,
    PartitionsAssigned,
    PartitionsLost,
    PartitionStopped,
    Warned,
)
from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.intake.log_watch import LogWatch
from stillframe.consumer.intake.partition import LogBounds, Partition
from stillframe.consumer.intake.restart import Restarts
from stillframe.consumer.progress.ledger import Ledger
from tests.arrivals import FAMILY

TOPIC = FAMILY.topic
UNKNOWN = KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))


class Admin:
    """The part of an admin client that is used; `answer` says when it has an answer, and which."""

    def __init__(self) -> None:
        self.asked = 0
        self.offsets: list[tuple[TopicPartition, Future[Any]]] = []
        self.topics: dict[str, Future[Any]] = {}

    def list_offsets(self, places: dict[TopicPartition, Any], **_: Any) -> dict[TopicPartition, Future[Any]]:
        futures: dict[TopicPartition, Future[Any]] = {place: Future() for place in places}
        self.offsets += futures.items()
        return futures

    def describe_topics(self, topics: Any, **_: Any) -> dict[str, Future[Any]]:
        self.asked += 1
        self.topics = {topic: Future() for topic in [TOPIC, *FAMILY.retry_topics]}
        return self.topics

    def answer(self, start: int = 0, end: int = 50, identity: str | None = "one") -> None:
        """The first questions are for starts, the second for ends; no identity: the topic does not exist."""
        asked, self.offsets = self.offsets, []
        for index, (_, future) in enumerate(asked):
            future.set_result(SimpleNamespace(offset=start if index < len(asked) / 2 else end))
        for topic, future in self.topics.items():
            if topic == TOPIC and identity is None:
                future.set_exception(UNKNOWN)
            else:
                future.set_result(SimpleNamespace(topic_id=identity))

    def fail(self, code: int) -> None:
        """Answer every question with an error."""
        for future in (*(future for _, future in self.offsets), *self.topics.values()):
            future.set_exception(KafkaException(KafkaError(code)))
        self.offsets = []


class Bench:
    """A worker that owns partition 0, with five records received and the first three done."""

    def __init__(self, *, incremental: bool = True) -> None:
        self.admin = Admin()
        self.events: list[Event] = []
        self.ours = Assignment([FAMILY])
        self.calls: list[tuple[str, list[tuple[int, int]]]] = []
        self.refused: set[str] = set()
        self.client = {(TOPIC, 0)}
        self.taken_over: list[Partition] = []
        self.watch = LogWatch(self.admin, self.ours, self.events.append)  # type: ignore[arg-type]
        idle = SimpleNamespace(forget=lambda gone: None, hurry=lambda: None, take_over=self.taken_over.extend)
        self.restarts = Restarts(self.ours, idle, idle, self.events.append, incremental=incremental)  # type: ignore[arg-type]
        self.partition = self.ours.add(TOPIC, 0, Ledger(40))
        for offset in range(40, 45):
            self.partition.ledger.receive(offset, 1)
        for offset in range(40, 43):
            self.partition.ledger.finish(offset)

    def __getattr__(self, name: str) -> Any:
        """Whatever the consumer is asked to do."""

        def call(positions: list[TopicPartition]) -> None:
            places = {(each.topic, each.partition) for each in positions}
            if name in self.refused or (name == "incremental_unassign" and not places <= self.client):
                raise KafkaException(KafkaError(KafkaError._STATE))
            self.client = self.client - places if name == "incremental_unassign" else self.client | places
            self.calls.append((name, [(each.partition, each.offset) for each in positions]))

        return call

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(*place) for place in self.client]

    def look(self, now: float, **answer: Any) -> None:
        """Ask, be answered, follow."""
        self.watch.tick(now)
        self.admin.answer(**answer)
        self.restarts.follow(self, self.watch.tick(now))  # type: ignore[arg-type]

    def told(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def owned(self) -> Partition:
        (partition,) = self.ours
        return partition


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_one_look_at_a_time_and_nothing_waits(bench: Bench) -> None:
    """A broker that does not answer is not asked again and again."""
    for now in (100.0, 130.0, 160.0):
        assert bench.watch.tick(now) == {}
    assert bench.admin.asked == 1
    bench.admin.answer(3, 50)
    assert bench.watch.tick(161.0) == {bench.partition: LogBounds(3, 50)}
    assert bench.told(LogsMeasured) == [LogsMeasured({bench.partition: LogBounds(3, 50)}, ())]
    assert bench.admin.asked == 2


def test_looks_are_seconds_apart_unless_something_is_strange(bench: Bench) -> None:
    """Each costs the brokers three requests."""
    bench.look(100.0)
    bench.watch.tick(109.9)
    assert bench.admin.asked == 1
    bench.watch.hurry()
    bench.watch.tick(109.9)
    assert bench.admin.asked == 2


def test_a_missing_topic_is_told(bench: Bench) -> None:
    """Deleted, and not yet made anew."""
    bench.look(100.0, identity=None)
    assert bench.told(LogsMeasured)[0].missing == (TOPIC,)
    assert bench.owned is bench.partition


def test_a_broker_that_refuses_has_answered(bench: Bench) -> None:
    """A principal without Describe is told so; a client without a broker tells only of itself."""
    for code, forbidden, answered in (
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, (TOPIC, *FAMILY.retry_topics), True),
        (KafkaError._TRANSPORT, (), False),
    ):
        bench.watch.hurry()
        bench.watch.tick(100.0)
        bench.admin.fail(code)
        bench.watch.tick(100.1)
        told = bench.told(LogsMeasured)[-1]
        assert (told.forbidden, told.answered) == (forbidden, answered)


def test_a_partition_that_has_left_is_left_out(bench: Bench) -> None:
    """The answer comes after its revocation."""
    bench.watch.tick(100.0)
    bench.ours.release([bench.partition])
    bench.admin.answer()
    assert bench.watch.tick(101.0) == {}


def test_a_topic_made_anew_begins_at_its_start(bench: Bench) -> None:
    """By the bounds of a second look: those of the first may still have been the old log's."""
    bench.look(100.0)
    bench.look(111.0, start=30, end=50, identity="two")
    assert bench.owned is bench.partition
    bench.look(111.1, start=0, end=7, identity="two")
    assert bench.owned is not bench.partition
    assert not bench.partition.owned
    assert bench.owned.position == 0
    assert bench.taken_over == [bench.owned]
    assert bench.calls == [
        ("incremental_unassign", [(0, -1001)]), ("incremental_assign", [(0, 0)]), ("resume", [(0, -1001)])
    ]  # fmt: skip
    assert [type(event) for event in bench.events if not isinstance(event, LogsMeasured)] == [
        Warned, PartitionsLost, PartitionsAssigned
    ]  # fmt: skip
    bench.look(122.0, identity="two")
    assert len(bench.told(Warned)) == 1


def test_an_eager_group_is_assigned_as_a_whole() -> None:
    """The others go on from where they stand, not from what is committed."""
    bench = Bench(incremental=False)
    other = bench.ours.add(TOPIC, 1, Ledger(70))
    other.ledger.receive(70, 1)
    bench.look(100.0)
    bench.look(111.0, identity="two")
    bench.look(111.1, identity="two")
    assert bench.calls[0] == ("assign", [(1, 71), (0, 0)])
    assert bench.calls[2] == ("assign", [(0, 0), (1, 0)])


@pytest.mark.parametrize("refused", ["incremental_unassign", "incremental_assign"])
def test_what_the_client_refuses_is_tried_again(bench: Bench, refused: str) -> None:
    """In the midst of a rebalance it may, and also half way: let go already, and not taken again."""
    bench.look(100.0)
    bench.refused = {refused}
    for now in (111.0, 111.1, 121.2):
        bench.look(now, identity="two")
    assert bench.owned is bench.partition
    assert bench.told(ClientTrouble)
    bench.refused = set()
    bench.look(132.0, identity="two")
    assert bench.owned is not bench.partition


def test_a_log_cut_short_goes_on_at_its_end(bench: Bench) -> None:
    """An election of a leader that lacked records; what runs again is what was not done, and what is new."""
    bench.partition.stopped, bench.partition.out_of_range = "out of range", True
    bench.look(100.0, end=44)
    assert bench.owned.position == 43
    assert bench.owned.stopped is None


def test_what_retention_took_is_counted_and_stays_stopped(bench: Bench) -> None:
    """Nothing but an operator may pass over a lost task."""
    bench.partition.stopped, bench.partition.out_of_range = "out of range", True
    for now in (100.0, 111.0):
        bench.look(now, start=60, end=90)
    assert bench.owned is bench.partition
    (stopped,) = bench.told(PartitionStopped)
    assert stopped.reason == ("offset 45: the log begins at 60: 15 offset(s) were deleted before they were read")
    assert bench.calls == []
