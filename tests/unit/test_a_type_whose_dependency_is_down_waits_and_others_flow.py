"""While what a handler calls is down its type spends no attempts, others flow, and it comes back by itself."""

import threading
from collections import Counter, deque
from collections.abc import Iterator

import pytest

from stillframe.consumer import CircuitBreaker
from stillframe.consumer.dispatch.circuits import Change, Circuits
from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.executors import Executors
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.breaker import State
from stillframe.consumer.outcome.classify import Cause, Failure
from stillframe.consumer.outcome.end import Dead, Done, End, Retry
from tests.arrivals import arrival, partition
from tests.waiting import wait_until

OPEN_FOR = 30_000
#: Exhausted: no attempt is left, and another one could have helped.
DEAD = Dead(Failure("ConnectionError", "", "", permanent=False))

#: The service answers, and asks for time.
ASKED = Retry(0, Failure("RetryAfter", "", "", permanent=False, cause=Cause.ASKED))


class Told(deque[Change]):
    """The poll thread, which needs no lock for it, has told of every change by the time anybody else looks."""

    def append(self, change: Change) -> None:
        del change


class Shop:
    """Executors of four threads, with a payment service that may be down."""

    def __init__(self) -> None:
        self.now = 1_000_000
        self.down = True
        self.calls: Counter[str] = Counter()
        policy = CircuitBreaker(failures=5, rate=0.5, window=60, open_for=OPEN_FOR / 1_000, probes=2)
        self.circuits = Circuits(
            {"pay": policy, "mail": policy}, {"pay": "payments", "mail": "letters", "note": "letters"}
        )
        desk = Desk({Executor.THREAD: 4}, Lease(3_600), memory_wait=10_000, circuits=self.circuits)
        self.executors = Executors(desk, self._run, now=lambda: self.now, clock=lambda: 0)
        self.executors.turned()
        self.payments, self.mails = partition(0), partition(1)
        self._counting = threading.Lock()

    def offer(self, task_type: str, count: int) -> None:
        source = self.payments if task_type == "pay" else self.mails
        made = [arrival(source, offset) for offset in range(count)]
        for each in made:
            each.task_type = task_type
        self.executors.offer(made)

    def settle_down(self, calls: int) -> None:
        wait_until(lambda: self.calls["pay"] >= calls, describe=f"{calls} payments")
        wait_until(lambda: not self.executors.counts().running, describe="all to end")

    def state(self) -> State:
        return self.circuits.state("pay")

    def _run(self, each: Arrival) -> End:
        with self._counting:
            self.calls[each.task_type] += 1
        return DEAD if self.down and each.task_type == "pay" else Done()


@pytest.fixture
def shop() -> Iterator[Shop]:
    before = set(threading.enumerate())
    made = Shop()
    yield made
    made.executors.close()
    wait_until(lambda: not set(threading.enumerate()) - before, describe="the threads to end")


def test_it_is_held_back_while_others_flow_and_is_tried_by_itself(shop: Shop) -> None:
    """Of 100 payments five fail, and what was in the other threads; after each 30 s two are tried."""
    shop.offer("pay", 100)
    shop.settle_down(5)
    wait_until(lambda: shop.executors.counts().held_back, describe="it to be held back")
    spent = shop.calls["pay"]
    assert 5 <= spent <= 5 + 3
    assert shop.state() is State.OPEN
    shop.offer("mail", 50)
    wait_until(lambda: shop.calls["mail"] == 50, describe="the mails")
    assert shop.executors.counts() == (0, 0, 0, 0, 100 - spent)
    assert shop.executors.held_back.count() == {shop.payments: 100 - spent}
    assert shop.executors.held_back.barred() == {"payments"}
    shop.now += OPEN_FOR
    shop.settle_down(spent + 1)
    assert shop.calls["pay"] <= spent + 2
    assert shop.state() is State.OPEN
    shop.down = False
    shop.now += OPEN_FOR
    wait_until(lambda: shop.calls["pay"] == 100, describe="the payments")
    assert shop.state() is State.CLOSED
    assert shop.executors.held_back.barred() == frozenset()
    assert shop.executors.held_back.count() == {}
    told = [change.state for change in shop.executors.held_back.changes()]
    assert told == [State.OPEN, State.HALF_OPEN, State.OPEN, State.HALF_OPEN, State.CLOSED]


def test_a_type_of_its_own_is_not_held_back_for_another(shop: Shop) -> None:
    """A breaker counts one type; a name that no handler has is not counted at all."""
    shop.down = False
    for name in ("pay", "mail", "unknown"):
        shop.offer(name, 20)
    wait_until(lambda: shop.calls.total() == 60, describe="all of them")
    assert not list(shop.executors.held_back.changes())


def test_it_is_tried_in_time_however_quickly_its_change_is_told(shop: Shop) -> None:
    """Nothing else may come that would wake the thread that waits for the time: all that is there is held back."""
    shop.circuits.changes = Told()
    shop.offer("pay", 100)
    shop.settle_down(5)
    idle = shop.executors._work[Executor.THREAD]
    wait_until(lambda: len(idle._waiters) == 4, describe="all threads to be idle")  # type: ignore[attr-defined]
    spent = shop.calls["pay"]
    shop.now += OPEN_FOR
    shop.settle_down(spent + 1)


def test_who_is_tried_and_asked_for_time_has_been_answered() -> None:
    """Else a type whose every call is put off would be held back for ever. While all is well it does not count."""
    circuits = Circuits({"pay": CircuitBreaker(failures=1, rate=1, probes=2, open_for=30)})
    source = partition()

    def attempt(offset: int, end: End, now: int) -> None:
        each = arrival(source, offset)
        each.task_type = "pay"
        circuits.started(each)
        circuits.ended(each, end, now)

    attempt(0, ASKED, 0)
    attempt(1, DEAD, 0)
    assert circuits.state("pay") is State.OPEN  # one of one: what was put off is no success
    circuits.tick(OPEN_FOR)
    attempt(2, ASKED, OPEN_FOR)
    assert circuits.state("pay") is State.HALF_OPEN
    attempt(3, ASKED, OPEN_FOR)
    assert circuits.state("pay") is State.CLOSED
