"""What one thread alone has in hand starts no more once its partition leaves, its type fails, or the lease ends."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from stillframe.consumer.dispatch.circuits import Circuits
from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.executors import Executors
from stillframe.consumer.dispatch.hand import LASTS, MOST, Hand
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.outcome.breaker import CircuitBreaker
from stillframe.consumer.outcome.classify import Failure
from stillframe.consumer.outcome.end import Dead, Done, End, Retry
from tests.arrivals import arrival, partition
from tests.waiting import wait_until

FAILURE = Failure("ValueError", "", "", permanent=False)
SLOTS = 4
PATIENCE = 10.0


class Alone:
    """One thread of several, which runs everything. Each attempt waits until it is let go, and ends as it is told."""

    def __init__(self, breaker: CircuitBreaker | None = None) -> None:
        self.now = 0.0
        self.started: list[Arrival] = []
        self.end: Callable[[Arrival], End] = lambda _: Done()
        self._go_on = threading.Semaphore(0)
        lease = Lease(PATIENCE)
        lease.turned(0)
        breakers = {} if breaker is None else {"mail": breaker}
        desk = Desk({Executor.THREAD: SLOTS}, lease, memory_wait=10_000, circuits=Circuits(breakers))
        self.executors = Executors(desk, self._run, now=lambda: 1_000_000, clock=lambda: self.now)
        with self.executors._lock:
            # For as long as a test takes: a handler that waits would let the others in.
            self.executors._tempo.glance = lambda: False  # type: ignore[method-assign]
            self.executors._tempo._pace.alone = True
            self.executors._regroup()

    def offer(self, count: int, source: Partition) -> list[Arrival]:
        made = [arrival(source, offset, lane=(source, offset)) for offset in range(count)]
        for each in made:
            each.task_type = "mail"
        self.executors.offer(made)
        return made

    def _run(self, each: Arrival) -> End:
        self.started.append(each)
        assert self._go_on.acquire(timeout=30)
        return self.end(each)

    def let_end(self, count: int) -> None:
        for _ in range(count):
            self._go_on.release()

    def wait_started(self, count: int) -> None:
        wait_until(lambda: len(self.started) == count, describe=f"{count} to have started")

    @property
    def in_hand(self) -> int:
        return len(self.executors._hand)


@pytest.fixture
def alone() -> Iterator[Alone]:
    made = Alone()
    yield made
    made.executors.close()
    made.let_end(1_000)


def test_a_hand_is_played_in_one_thread_and_counted_as_queued(alone: Alone) -> None:
    alone.offer(MOST + 8, partition())
    alone.wait_started(1)
    assert alone.in_hand == MOST - 1
    assert alone.executors.counts()[:2] == (1, MOST + 7)
    alone.let_end(3)
    alone.wait_started(4)
    assert alone.in_hand == MOST - 4
    assert alone.executors.counts()[:2] == (1, MOST + 4)
    alone.let_end(MOST + 5)
    wait_until(lambda: len(alone.executors.ends) == MOST + 8, describe="all to have ended")
    assert [each for each, _ in alone.executors.ends] == alone.started
    assert alone.executors.counts() == (0, 0, 0, 0, 0)


def test_of_a_partition_that_leaves_nothing_more_starts(alone: Alone) -> None:
    """And the wait for it is over as soon as what runs has ended, whatever else the thread does then."""
    leaving, staying = partition(1), partition(2)
    alone.offer(10, leaving)
    alone.offer(10, staying)
    alone.wait_started(1)
    assert alone.started[0].partition is leaving
    assert alone.in_hand
    alone.executors.withdraw([leaving])
    assert not alone.in_hand
    assert alone.executors.running([leaving]) == alone.started
    assert not alone.executors.wait_idle([leaving], time.monotonic())
    alone.let_end(1)
    assert alone.executors.wait_idle([leaving], time.monotonic() + 10)
    alone.let_end(10)
    wait_until(lambda: len(alone.executors.ends) == 11, describe="the others to end")
    assert [each for each in alone.started if each.partition is leaving] == alone.started[:1]


def test_what_has_ended_is_booked_while_the_thread_is_in_the_next(alone: Alone) -> None:
    """Its offset may be committed, and its partition may leave."""
    first, second = partition(1), partition(2)
    alone.offer(1, first)
    alone.wait_started(1)
    alone.offer(5, second)
    alone.let_end(1)
    alone.wait_started(2)
    assert alone.executors.wait_idle([first], time.monotonic() + 10)
    assert [each for each, _ in alone.executors.ends] == alone.started[:1]


def test_nothing_starts_while_the_lease_is_over(alone: Alone) -> None:
    """The poll thread has not turned for long: what is in hand may be another's. It starts once that is ruled out."""
    alone.offer(5, partition())
    alone.wait_started(1)
    alone.now = PATIENCE + 1
    alone.let_end(1)
    wait_until(lambda: len(alone.executors.ends) == 1, describe="the first to be booked")
    assert len(alone.started) == 1
    alone.executors.turned()
    alone.executors.asks_for_proof()
    assert alone.executors.proved(alone.now)
    alone.wait_started(2)


def test_once_a_breaker_opens_nothing_of_its_type_starts() -> None:
    """The failures are booked as they come, not by the hand."""
    alone = Alone(CircuitBreaker(failures=3, window=60, open_for=60))
    try:
        alone.end = lambda _: Retry(1_000_100, FAILURE)
        alone.offer(20, partition())
        alone.let_end(20)
        wait_until(lambda: bool(alone.executors._desk.circuits.unwell), describe="the breaker to open")
        assert len(alone.started) == 3
        assert not alone.in_hand
    finally:
        alone.executors.close()
        alone.let_end(1_000)


def test_a_worker_that_stops_starts_nothing_of_the_hand(alone: Alone) -> None:
    alone.offer(10, partition())
    alone.wait_started(1)
    alone.executors.stop_starting()
    alone.let_end(10)
    wait_until(lambda: not alone.executors.running(), describe="what ran to end")
    assert len(alone.started) == 1
    assert alone.executors.counts()[:2] == (0, 9)


def test_others_have_their_turn_while_a_hand_takes_long(alone: Alone) -> None:
    """It is taken back after a while, and those that have come since are next to it, not behind all of it."""
    alone.offer(MOST, partition(1))
    alone.wait_started(1)
    late = alone.offer(1, partition(2))
    alone.now = 2 * LASTS
    alone.let_end(1)
    alone.wait_started(2)
    alone.now = 4 * LASTS
    alone.let_end(1)
    alone.wait_started(3)
    assert late[0] in alone.started
    assert [each.record.offset for each in alone.started if each is not late[0]] == [0, 1]


def test_a_hand_has_as_many_as_are_played_while_it_lasts() -> None:
    """Twice as many as the last time, if that was too few."""
    lease = Lease(PATIENCE)
    lease.turned(0)
    hand, tasks = Hand(lease), [arrival(partition(), offset) for offset in range(MOST)]
    assert hand.most == MOST
    hand.deal(tasks, 0)
    assert hand.play(Done(), LASTS / 2) is tasks[0]
    assert hand.play(Dead(FAILURE), LASTS / 2) is None
    assert hand.draw(LASTS / 2) is tasks[1]
    assert hand.play(Done(), 2 * LASTS) is None
    assert hand.draw(2 * LASTS) is None
    assert hand.put_away() == tasks[:1:-1]
    assert (hand.play(Done(), LASTS / 2), hand.most) == (None, 2)
    hand.deal(tasks[:2], 0)
    assert [hand.draw(0), hand.draw(0)] == tasks[:2]
    assert (hand.put_away(), hand.most) == ([], 4)
