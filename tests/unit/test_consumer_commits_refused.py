"""Commits that a broker refuses: of one partition, or for the size of their metadata, which goes out shorter."""

from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError, TopicPartition

from stillframe.consumer.events import CommitFailed, Committed, Event, Warned
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.progress.commit import CommitPolicy
from stillframe.consumer.progress.commits import Commits
from stillframe.consumer.progress.metadata import MOST_CHARACTERS
from tests.arrivals import partition

Refusals = dict[int, int]


class Broker:
    """Stands in for the consumer: takes commits, and answers each position with an error or none."""

    def __init__(self, most: int = MOST_CHARACTERS, refuses: Refusals | None = None) -> None:
        self.most = most
        self.refuses = refuses or {}
        self.taken: dict[int, TopicPartition] = {}
        self.asked: list[list[TopicPartition]] = []

    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> None:
        assert asynchronous
        self.asked.append(offsets)

    def answer(self) -> list[TopicPartition]:
        return [self._answer(each) for each in self.asked[-1]]

    def _answer(self, position: TopicPartition) -> TopicPartition:
        code = self.refuses.get(position.partition)
        if code is None and len(position.metadata or "") > self.most:
            code = KafkaError.OFFSET_METADATA_TOO_LARGE
        if code is None:
            self.taken[position.partition] = position
            return position
        answered = Answered(position.topic, position.partition, position.offset, position.metadata or "")
        answered.error = KafkaError(code)
        return answered


class Answered(TopicPartition):
    """The library's own cannot be given an error from Python."""

    error: Any = None


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def commits(events: list[Event]) -> Commits:
    return Commits(CommitPolicy(0.0, 1), events.append, 0.0)


def with_runs(number: int, runs: int) -> Partition:
    """A partition whose every other record of so many is done."""
    made = partition(number)
    for offset in range(2 * runs):
        made.ledger.receive(offset, 1)
    for offset in range(1, 2 * runs, 2):
        made.ledger.finish(offset)
    return made


def told(events: list[Event], kind: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def tick(commits: Commits, broker: Broker, partitions: list[Partition]) -> None:
    """Commit, and hear the answer as librdkafka gives it."""
    commits.tick(broker, partitions, 0.0)  # type: ignore[arg-type]
    hear(commits, broker)


def hear(commits: Commits, broker: Broker) -> None:
    answer = broker.answer()
    errors = [each.error for each in answer]
    # librdkafka: an error of every partition is one of the whole request
    commits.acknowledged(errors[0] if all(errors) else None, answer)


def test_a_refused_partition_stays_dirty_and_is_named_while_the_others_are_clean(
    commits: Commits, events: list[Event]
) -> None:
    """An error of one position is told, and it is committed again with the next tick."""
    one, other = with_runs(0, 3), with_runs(1, 3)
    broker = Broker(refuses={1: KafkaError.TOPIC_AUTHORIZATION_FAILED})
    tick(commits, broker, [one, other])
    assert one.committed == one.ledger.commit_point()
    assert other.committed is None
    (failed,) = told(events, CommitFailed)
    assert isinstance(failed, CommitFailed)
    assert "emails[1]" in failed.error
    assert "TOPIC_AUTHORIZATION_FAILED" in failed.error
    broker.refuses.clear()
    tick(commits, broker, [one, other])
    assert [each.partition for each in broker.asked[-1]] == [1]
    assert other.committed == other.ledger.commit_point()


def by_tick(commits: Commits, broker: Broker, partitions: list[Partition]) -> None:
    while any(each.committed is None for each in partitions):
        tick(commits, broker, partitions)


def at_last(commits: Commits, broker: Broker, partitions: list[Partition]) -> None:
    """As a stop does it, which gives up after a while."""
    client: Any = broker
    commits.last(client, partitions)
    for now in range(9):
        hear(commits, broker)
        if commits.insist(client, partitions, now):
            return


@pytest.mark.parametrize("commit", [by_tick, at_last])
@pytest.mark.parametrize("most", [2_000, 100, 10])
def test_metadata_too_large_for_the_broker_goes_out_shorter(
    commits: Commits, events: list[Event], commit: Callable[..., None], most: int
) -> None:
    """At once, with a warning; the offset is committed whatever becomes of the map."""
    full, small = with_runs(0, 8_000), with_runs(1, 1)
    broker = Broker(most)
    commit(commits, broker, [full, small])
    assert len(broker.taken[0].metadata or "") <= most
    assert broker.taken[0].offset == 0
    assert told(events, Warned)
    assert full.committed is not None
    assert full.committed.metadata == broker.taken[0].metadata


def test_what_the_broker_takes_is_remembered(commits: Commits, events: list[Event]) -> None:
    """No commit after that is refused, and intake narrows by what there is room for."""
    first, second = with_runs(0, 8_000), with_runs(1, 8_000)
    broker = Broker(1_000)
    at_last(commits, broker, [first])
    assert first.ledger.fullness > 0.9
    events.clear()
    tick(commits, broker, [second])
    assert [type(event) for event in events] == [Committed]
