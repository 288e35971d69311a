"""A deployment that fails everything leaves its backlog standing; bad input goes on to the dead-letter topic."""

import threading
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from stillframe.consumer import PermanentError, Retry, Worker, WorkerSettings
from stillframe.consumer.dispatch.attempt import Attempts
from stillframe.consumer.dispatch.circuits import Circuits
from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.events import DeadLettersResumed, DeadLettersStopped, Event
from stillframe.consumer.executor import Executor
from stillframe.consumer.outcome.breaker import CircuitBreaker, State
from stillframe.consumer.outcome.dead_letter_limit import DeadLetterLimit
from stillframe.consumer.outcome.end import Dead, Done, End
from stillframe.consumer.outcome.end import Retry as Again
from tests.arrivals import Email, arrival, email_arrival, partition, send_email
from tests.attempting import NOW

LIMIT = 5


class Deployment:
    """Attempts at a handler that fails until it is mended."""

    def __init__(self, emit: Callable[[Event], None] | None = None) -> None:
        self.events: list[Event] = []
        self.error: Exception | None = PermanentError("a bug")
        worker = Worker("mailer", WorkerSettings())
        worker.task(send_email, retry=Retry(max_attempts=2, cap=1))(self._handle)
        self.attempts = Attempts(
            worker, emit or self.events.append, now=lambda: NOW, random=Random(0), limit=DeadLetterLimit(LIMIT)
        )

    def ends(self, count: int, **options: Any) -> list[End]:
        return [self.attempts.run(email_arrival(**options)) for _ in range(count)]

    def told(self) -> list[Event]:
        return [event for event in self.events if isinstance(event, DeadLettersStopped | DeadLettersResumed)]

    def _handle(self, email: Email) -> None:
        if self.error is not None:
            raise self.error


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    made = Deployment()
    yield made
    made.attempts.close()


@pytest.mark.parametrize(
    "error", [PermanentError("a bug"), ValueError("a bug")], ids=lambda error: type(error).__name__
)
def test_after_a_bounded_number_its_failures_are_retried(deployment: Deployment, error: Exception) -> None:
    """Permanent ones, and those whose attempts are used up. They wait for a minute at least, spend no less, and come
    back with the same cause.
    """
    deployment.error = error
    ends = deployment.ends(LIMIT + 20, attempt=2)
    assert [type(end) for end in ends] == [Dead] * LIMIT + [Again] * 20
    for end in ends[LIMIT:]:
        assert isinstance(end, Again)
        assert end.spared
        assert end.due >= NOW + 60_000
        assert end.failure is not None
    assert deployment.told() == [DeadLettersStopped("send_email", LIMIT)]


def test_bad_input_never_counts_and_is_never_kept(deployment: Deployment) -> None:
    """Undecodable, of an unknown type, with an invalid payload: nobody's deployment mends that."""
    good = email_arrival().record.value or b""
    bad = [None, b"{", good.replace(b"send_email", b"send_pizza"), good.replace(b'"to":"ada@example.com"', b'"to":5')]
    for value in bad * LIMIT * 2:
        assert isinstance(deployment.attempts.run(arrival(partition(), value=value)), Dead)
    assert deployment.told() == []
    deployment.ends(LIMIT)
    for value in bad:
        assert isinstance(deployment.attempts.run(arrival(partition(), value=value)), Dead)


def test_one_that_is_done_brings_dead_letters_back(deployment: Deployment) -> None:
    """The handler is mended, or its tasks were only in a bad row."""
    deployment.ends(LIMIT + 1)
    deployment.error = None
    assert deployment.ends(1) == [Done()]
    deployment.error = PermanentError("this one is bad")
    assert isinstance(deployment.ends(1)[0], Dead)
    assert deployment.told() == [DeadLettersStopped("send_email", LIMIT), DeadLettersResumed("send_email")]


def test_readiness_does_not_go_to_and_fro_at_the_limit() -> None:
    """Red until what is not made up for has come down to 70 % of the limit: by default after 34 that are done."""
    limit, told = DeadLetterLimit(1_000), list[bool]()
    for _ in range(1_000):
        assert limit.give_up("pay")
    for done in range(1, 34):
        told.append(limit.done("pay"))
        assert not limit.give_up("pay"), done
    assert not any(told)
    assert limit.done("pay")
    assert limit.give_up("pay")
    assert not limit.done("pay")


def test_it_is_told_in_the_order_in_which_it_happened() -> None:
    """Handlers end in many threads. Told the wrong way round, readiness would stay red for a limit that is none."""
    told: list[Event] = []
    others: list[threading.Thread] = []

    def emit(event: Event) -> None:
        if isinstance(event, DeadLettersStopped):
            made.error = None
            others.append(threading.Thread(target=made.ends, args=(1,)))
            others[0].start()
            others[0].join(0.1)
        told.append(event)

    made = Deployment(emit)
    try:
        made.ends(LIMIT)
        others[0].join(10)
    finally:
        made.attempts.close()
    kinds = [type(each) for each in told if isinstance(each, DeadLettersStopped | DeadLettersResumed)]
    assert kinds == [DeadLettersStopped, DeadLettersResumed]


def test_a_handler_that_fails_nine_in_ten_is_let_be(deployment: Deployment) -> None:
    """Some work is like that; what is looked for is a handler that does nothing."""
    for _ in range(50):
        deployment.error = PermanentError("no such address")
        assert all(isinstance(end, Dead) for end in deployment.ends(LIMIT - 1))
        deployment.error = None
        deployment.ends(1)
    assert deployment.told() == []


def test_the_type_is_held_back_until_a_few_that_are_tried_succeed() -> None:
    """So that the backlog stands in its topic, in place of moving into the retry topics."""
    circuits = Circuits({"pay": CircuitBreaker(open_for=30, probes=1)})
    desk = Desk({Executor.THREAD: 9}, Lease(60), memory_wait=0, circuits=circuits)
    desk.lease.turned(0.0)
    source = partition()
    made = [arrival(source, offset) for offset in range(5)]
    for each in made:
        each.task_type = "pay"
    desk.offer(made, 0)
    failing = desk.take(Executor.THREAD, 0, 0.0)
    assert failing is not None
    spared = Deployment().ends(LIMIT + 1)[-1]
    desk.settle(failing, spared, 0)
    assert circuits.state("pay") is State.OPEN
    assert desk.take(Executor.THREAD, 29_999, 0.0) is None
    tried = desk.take(Executor.THREAD, 30_000, 0.0)
    assert tried is not None
    assert desk.take(Executor.THREAD, 30_000, 0.0) is None
    desk.settle(tried, Done(), 30_000)
    assert desk.take(Executor.THREAD, 30_000, 0.0) is not None
