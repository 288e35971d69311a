"""Where a partition starts: the broker is asked for as long as it takes, but not against a stop."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from stillframe.consumer.events import ClientTrouble, Event, Warned
from stillframe.consumer.intake import rebalance
from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.intake.rebalance import Rebalance
from stillframe.consumer.progress.commit import CommitPolicy
from stillframe.consumer.progress.commits import Commits
from stillframe.consumer.progress.ledger import Ledger
from stillframe.consumer.progress.metadata import encode
from stillframe.consumer.progress.strict_waits import Wait
from stillframe.consumer.settings import WorkerSettings
from tests.arrivals import FAMILY, unmarked

TOPIC = FAMILY.topic
SETTINGS = WorkerSettings(kafka={"partition.assignment.strategy": "cooperative-sticky"})


class Consumer:
    """The part of confluent_kafka's that a rebalance uses; it refuses the first questions."""

    def __init__(self, refusals: int = 0, offset: int = 5, metadata: str = "") -> None:
        self.refusals = refusals
        self.position = TopicPartition(TOPIC, 0, offset, metadata)
        self.assigned: list[TopicPartition] = []
        self.taken_over: list[tuple[int, ...]] = []

    def take_over(self, started: list[Partition]) -> None:
        assert not self.assigned
        self.taken_over.extend(each.ledger.failing for each in started)

    def committed(self, positions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        if self.refusals:
            self.refusals -= 1
            raise KafkaException(KafkaError(KafkaError.NOT_COORDINATOR))
        return [self.position]

    def get_watermark_offsets(self, position: TopicPartition, timeout: float) -> tuple[int, int]:
        return 3, 100

    def incremental_assign(self, positions: list[TopicPartition]) -> None:
        self.assigned = positions

    def resume(self, positions: list[TopicPartition]) -> None:
        pass


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def assign(monkeypatch: pytest.MonkeyPatch, events: list[Event]) -> Callable[..., Assignment]:
    """Assign partitions, by default 0, through a consumer, without the pause between two questions."""
    monkeypatch.setattr(rebalance, "ASK_AGAIN_AFTER", 0)

    def run(consumer: Any, *partitions: int, stopping: bool = False) -> Assignment:
        assignment = Assignment([FAMILY])
        commits = Commits(CommitPolicy(1, 1_000), events.append, 0.0)
        settlement: Any = SimpleNamespace(take_over=consumer.take_over)
        made = Rebalance(
            assignment, settlement, commits, unmarked, events.append, SETTINGS, stopping=lambda: stopping
        )  # fmt: skip
        made.assigned(consumer, [TopicPartition(TOPIC, number) for number in partitions or (0,)])
        return assignment

    return run


def test_a_coordinator_that_moves_is_waited_for(assign: Callable[..., Assignment], events: list[Event]) -> None:
    """It refuses at once, for seconds: that must not end the worker."""
    consumer = Consumer(refusals=50)
    assert len(assign(consumer)) == 1
    assert consumer.assigned[0].offset == 5
    assert sum(isinstance(event, ClientTrouble) for event in events) == 50


def test_a_stop_is_heard_meanwhile(assign: Callable[..., Assignment]) -> None:
    """Nothing is started by guess."""
    consumer = Consumer(refusals=1)
    assert len(assign(consumer, stopping=True)) == 0
    assert consumer.assigned == []


def test_a_stop_between_two_partitions_leaves_neither(assign: Callable[..., Assignment]) -> None:
    """The one that had been told its start would be committed there when the client has it revoked."""

    class Halfway(Consumer):
        """It knows a commit of partition 0, and nothing of partition 1."""

        def committed(self, positions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
            return [self.position, TopicPartition(TOPIC, 1, -1001)]

        def get_watermark_offsets(self, position: TopicPartition, timeout: float) -> tuple[int, int]:
            raise KafkaException(KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION))

    consumer = Halfway()
    assert len(assign(consumer, 0, 1, stopping=True)) == 0
    assert consumer.assigned == []


def test_without_a_commit_it_starts_at_the_logs_beginning(assign: Callable[..., Assignment]) -> None:
    """Not at 0, which may be deleted, and not at the end; and the start is committed, though nothing was done."""
    consumer = Consumer(offset=-1001)
    (started,) = assign(consumer)
    assert consumer.assigned[0].offset == 3
    assert started.committed is None


def test_the_last_commits_map_and_waits_are_honoured(assign: Callable[..., Assignment], events: list[Event]) -> None:
    """What was done is not run again, and what waited goes on from there."""
    wait = Wait(8, 3, 1_900_000_000_000, 1_899_999_000_000)
    (started,) = assign(Consumer(metadata=encode(5, [(6, 8)], [wait])))
    assert [started.ledger.receive(offset, 1) for offset in range(5, 9)] == [True, False, False, True]
    assert started.ledger.wait_of(8) == wait
    assert not [event for event in events if isinstance(event, Warned)]


def test_types_that_failed_at_the_last_owner_are_taken_over_before_anything_arrives(
    assign: Callable[..., Assignment],
) -> None:
    """The first records would all run, and spend their attempts, before the breaker had seen enough of it."""
    consumer = Consumer(metadata=encode(5, [], [], [4_711]))
    assign(consumer)
    assert consumer.taken_over == [(4_711,)]


BEYOND = Wait(100, 2, 1_900_000_000_000, 1_900_000_000_000)
DOUBTFUL = ("of another tool", "sf9:AAEB", "sf1:AWQ", encode(5, [(6, 101)]), encode(5, [(6, 7)], [BEYOND]))


@pytest.mark.parametrize("metadata", DOUBTFUL)
def test_metadata_that_cannot_be_right_is_passed_over(
    assign: Callable[..., Assignment], events: list[Event], metadata: str
) -> None:
    """Foreign, of an unknown version, damaged, or telling of offsets beyond the log's end: told, not believed."""
    (started,) = assign(Consumer(metadata=metadata))
    assert started.ledger.receive(6, 1)
    assert [type(event) for event in events if isinstance(event, Warned)] == [Warned]


class Settlement:
    """Notes how long it may drain, and wait for reports; nothing is left."""

    def __init__(self) -> None:
        self.until: list[tuple[float, float]] = []

    def conclude(self, partitions: object, drain_until: float, report_until: float) -> tuple[()]:
        self.until.append((drain_until, report_until))
        raise Concluded


class Concluded(Exception):
    """So far and no further."""


@pytest.mark.parametrize(
    ("left", "drains", "waits"), [(60.0, SETTINGS.drain, SETTINGS.drain + 1), (2.0, 2, 2), (-1.0, -1, -1)]
)
def test_a_revoke_during_a_stop_is_over_with_the_grace_period(left: float, drains: float, waits: float) -> None:
    """Else the supervisor kills the worker in the middle of it, and its last commit is not made."""
    settlement, now = Settlement(), time.monotonic()
    assignment = Assignment([FAMILY])
    assignment.add(TOPIC, 0, Ledger(0))
    made = Rebalance(
        assignment, settlement, None, unmarked, print, SETTINGS, stopping=lambda: True  # type: ignore[arg-type]
    )  # fmt: skip
    made.drained = now + left
    with pytest.raises(Concluded):
        made.revoked(None, [TopicPartition(TOPIC, 0)])  # type: ignore[arg-type]
    assert settlement.until[0] == pytest.approx((now + drains, now + waits), abs=0.5)
