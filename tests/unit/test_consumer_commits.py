"""Commits: clean only on the broker's word about that very commit, whenever it comes."""

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from stillframe.consumer.events import CommitFailed, Committed, Event
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.progress.commit import CommitPolicy
from stillframe.consumer.progress.commits import Commits
from tests.arrivals import partition

FIELDS = ("topic", "partition", "offset", "metadata")


class Consumer:
    """Takes commits; the test answers them, in the order that it likes."""

    def __init__(self) -> None:
        self.sent: list[list[TopicPartition]] = []
        self.refuses = False

    def commit(self, offsets: list[TopicPartition], *, asynchronous: bool) -> None:
        assert asynchronous, "a rebalance callback must not wait"
        if self.refuses:
            raise KafkaException(KafkaError(KafkaError._STATE))
        self.sent.append(offsets)


class Bench:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.client: Any = Consumer()
        self.now = 1_000.0
        self.commits = Commits(CommitPolicy(0, 1), self.events.append, self.now)
        self.partition = partition(start=5)

    def finish(self, *offsets: int) -> None:
        for offset in offsets:
            self.partition.ledger.receive(offset, 1)
            self.partition.ledger.finish(offset)

    def tick(self) -> None:
        self.now += 31.0  # also past the patience with an answer that does not come
        self.commits.tick(self.client, [self.partition], self.now)

    def answer(self, number: int, error: KafkaError | None = None, refused: KafkaError | None = None) -> None:
        sent = self.client.sent[number]
        positions: Any = [SimpleNamespace(**{each: getattr(p, each) for each in FIELDS}, error=refused) for p in sent]
        self.commits.acknowledged(error, positions)

    @property
    def committed(self) -> list[list[Partition]]:
        return [list(event.partitions) for event in self.events if isinstance(event, Committed)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_clean_only_when_answered(bench: Bench) -> None:
    """Sending is not enough."""
    bench.finish(5)
    bench.tick()
    assert bench.partition.committed is None
    bench.answer(0)
    assert bench.partition.committed is not None
    assert bench.partition.committed.offset == 6
    assert bench.committed == [[bench.partition]]


def test_a_late_answer_to_an_older_commit_changes_nothing(bench: Bench) -> None:
    """Else the newer one, which may yet be refused, would pass for clean."""
    bench.finish(5)
    bench.tick()
    bench.finish(6)
    bench.tick()
    bench.answer(0)
    assert bench.partition.committed is None
    bench.answer(1, KafkaError(KafkaError.REBALANCE_IN_PROGRESS))
    assert bench.partition.committed is None
    bench.tick()
    assert bench.client.sent[2][0].offset == 7


def test_the_same_offset_with_another_map_is_another_commit(bench: Bench) -> None:
    """What was done above the frontier since is not clean yet."""
    bench.partition.ledger.receive(5, 1)
    bench.finish(6)
    bench.tick()
    bench.finish(7)
    bench.tick()
    bench.answer(0)
    assert bench.partition.committed is None
    bench.answer(1)
    assert bench.partition.committed == bench.partition.ledger.commit_point()


def test_the_last_commit_is_sent_and_not_waited_for(bench: Bench) -> None:
    """The rebalance callback goes on; the answer counts although the partition has been let go."""
    bench.finish(5)
    bench.tick()
    bench.finish(6)
    bench.commits.last(bench.client, [bench.partition])
    bench.partition.owned = False
    assert [positions[0].offset for positions in bench.client.sent] == [6, 7]
    bench.answer(1)
    assert bench.partition.committed is not None
    assert bench.partition.committed.offset == 7


def test_the_last_commit_of_a_clean_partition_is_none(bench: Bench) -> None:
    bench.finish(5)
    bench.tick()
    bench.answer(0)
    bench.commits.last(bench.client, [bench.partition])
    assert len(bench.client.sent) == 1


def test_the_last_commit_is_sent_whatever_is_on_its_way(bench: Bench) -> None:
    """That may have been refused, and we have not heard of it yet."""
    bench.finish(5)
    bench.tick()
    bench.commits.last(bench.client, [bench.partition])
    assert [positions[0].offset for positions in bench.client.sent] == [6, 6]


def test_a_stop_insists_on_its_last_commit(bench: Bench) -> None:
    """It sends once, and again only what was refused: a rebalance refuses until we have polled our way through."""
    bench.finish(5)
    bench.client.refuses = True
    bench.commits.last(bench.client, [bench.partition])
    bench.client.refuses = False
    for number in range(3):
        assert not bench.commits.insist(bench.client, [bench.partition], number)
        bench.answer(number, KafkaError(KafkaError.REBALANCE_IN_PROGRESS))
        assert not bench.commits.insist(bench.client, [bench.partition], number)
        assert len(bench.client.sent) == number + 1, "not at once again: the coordinator has enough to do"
    assert bench.commits.put_off == 3
    assert not bench.commits.insist(bench.client, [bench.partition], 3)
    bench.answer(3)
    assert bench.commits.insist(bench.client, [bench.partition], 3)


def test_a_refusal_for_good_puts_nothing_off(bench: Bench) -> None:
    """A stop must not wait out its grace period for a permission."""
    bench.finish(5)
    bench.commits.last(bench.client, [bench.partition])
    bench.answer(0, KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED))
    assert bench.commits.put_off == 0


def test_what_is_not_owned_is_not_committed(bench: Bench) -> None:
    """Neither by a tick nor as a last act: another member has it."""
    bench.finish(5)
    bench.partition.owned = False
    bench.tick()
    bench.commits.last(bench.client, [bench.partition])
    assert bench.client.sent == []


def test_a_refusal_is_told_and_the_partition_stays_dirty(bench: Bench) -> None:
    """Of the whole request, of one partition in it, or of sending it at all."""
    denied = KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED)
    bench.finish(5)
    bench.tick()
    bench.answer(0, error=denied)
    bench.tick()
    bench.answer(1, refused=denied)
    bench.client.refuses = True
    bench.tick()
    assert [type(event) for event in bench.events] == [CommitFailed] * 3
    bench.client.refuses = False
    bench.tick()
    bench.answer(2)
    assert bench.committed == [[bench.partition]]
