"""What was held back when its partition was committed is tried with a few tasks by whoever owns it next."""

from collections.abc import Iterator
from typing import Any

import pytest

from stillframe.consumer.dispatch.circuits import Circuits
from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.executors import Executors
from stillframe.consumer.dispatch.held_back import HeldBack
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.outcome.breaker import CircuitBreaker, State
from stillframe.consumer.outcome.classify import Failure
from stillframe.consumer.outcome.end import Done, Retry
from stillframe.consumer.outcome.settle import Settlement
from stillframe.consumer.progress.ledger import CommitPoint, Ledger
from stillframe.consumer.progress.metadata import MOST_TYPES, decode
from tests.arrivals import FAMILY, arrival, partition

TOPICS = {"pay": "emails", "mail": "emails", "print": "jobs"}
POLICY = CircuitBreaker(failures=2, probes=2)
AGAIN = Retry(10**12, Failure("ConnectionError", "", "", permanent=False))


class Owner:
    """A worker's desk and settlement; its threads are the test's."""

    def __init__(self) -> None:
        self.circuits = Circuits(dict.fromkeys(TOPICS, POLICY), TOPICS)
        self.desk = Desk({Executor.THREAD: 9}, Lease(60), memory_wait=0, circuits=self.circuits)
        self.desk.lease.turned(0.0)
        self.executors = Executors(Desk({}, Lease(60), memory_wait=0), lambda _: Done())
        self.executors._desk = self.desk  # with slots, and without threads that would take them
        self.executors.held_back = HeldBack(self.desk, self.executors._lock)
        idle: Any = None
        self.settlement = Settlement(self.executors, idle, lambda _finish: idle)

    def own(self, committed: CommitPoint | None = None) -> Partition:
        owned = partition()
        if committed is not None:
            owned.ledger = Ledger(committed.offset, decode(*committed))
        self.settlement.take_over([owned])
        return owned

    def start(self, owned: Partition, task_type: str, count: int = 5) -> list[Arrival]:
        """Of so many tasks, what starts."""
        made = [arrival(owned, offset) for offset in range(count)]
        for each in made:
            each.task_type = task_type
        self.desk.offer(made, 0)
        taken = [self.desk.take(Executor.THREAD, 0, 0.0) for _ in made]
        return [each for each in taken if each is not None]

    def end(self, started: list[Arrival], end: Any) -> None:
        for each in started:
            self.desk.settle(each, end, 0)


@pytest.fixture
def owners() -> Iterator[tuple[Owner, Owner]]:
    made = Owner(), Owner()
    yield made
    for each in made:
        each.executors.close()


def commit(owner: Owner, owned: Partition) -> CommitPoint:
    owner.settlement.note_failing([owned])
    return owned.ledger.commit_point()


def test_the_commit_tells_it_to_the_next_owner(owners: tuple[Owner, Owner]) -> None:
    """Two are tried, and when they have succeeded the next commit tells nothing any more."""
    first, second = owners
    owned = first.own()
    first.end(first.start(owned, "pay", 3), AGAIN)
    assert first.circuits.state("pay") is State.OPEN
    told = commit(first, owned)
    taken_over = second.own(told)
    assert second.circuits.state("pay") is State.HALF_OPEN
    assert second.circuits.state("mail") is State.CLOSED
    tried = second.start(taken_over, "pay")
    assert len(tried) == 2
    assert commit(second, taken_over) == told
    second.end(tried, Done())
    assert second.circuits.state("pay") is State.CLOSED
    assert commit(second, taken_over) == CommitPoint(0, "")


def test_what_is_known_to_work_here_is_not_doubted(owners: tuple[Owner, Owner]) -> None:
    """The other one's dependency, or its luck, was another."""
    first, second = owners
    owned = first.own()
    first.end(first.start(owned, "pay", 3), AGAIN)
    second.end(second.start(second.own(), "pay", 1), Done())
    assert second.own(commit(first, owned)).ledger.failing == ()
    assert second.circuits.state("pay") is State.CLOSED


def test_a_partition_tells_of_the_types_of_its_own_topic(owners: tuple[Owner, Owner]) -> None:
    """And of its retry topics; nobody who reads another topic would know what to do with it."""
    first, second = owners
    owned = first.own()
    first.end(first.start(owned, "print", 3), AGAIN)
    assert commit(first, owned) == CommitPoint(0, "")
    first.end(first.start(owned, "mail", 3), AGAIN)
    retries = partition(tier=FAMILY.tiers[0])
    first.settlement.note_failing([owned, retries])
    assert owned.ledger.failing == retries.ledger.failing != ()
    second.own(owned.ledger.commit_point())
    assert [second.circuits.state(each) for each in TOPICS] == [State.CLOSED, State.HALF_OPEN, State.CLOSED]


def test_however_many_fail_they_take_the_room_of_those_that_are_told_of() -> None:
    """A topic of 500 types whose one dependency is down: no partition takes in less for what no commit holds."""
    ledger = Ledger(0)
    ledger.failing = tuple(range(500))
    assert len(decode(0, ledger.commit_point().metadata).failing) == MOST_TYPES
    assert ledger.fullness < 0.05
