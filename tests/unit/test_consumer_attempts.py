"""Attempts: whatever a handler does, the attempt comes to one of four ends, or the worker is told to end."""

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from stillframe.consumer import (
    CrashedHandler,
    PermanentError,
    Retry,
    RetryAfter,
    TaskContext,
    TransientError,
)
from stillframe.consumer.events import AttemptEnded, AttemptStarted, HandlerCrashed
from stillframe.consumer.handler import Middleware
from stillframe.consumer.outcome import end as ends
from stillframe.schemas import InvalidHeaders, MalformedRecord, Task
from stillframe.schemas.topics import DEFAULT_TIERS
from tests.arrivals import Email, arrival, email_arrival, partition
from tests.attempting import MOMENT, NOW, Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench() as made:
        yield made


def never(email: Email) -> None:
    raise AssertionError("the handler was called")


def test_a_handler_that_returns_is_done(bench: Bench) -> None:
    """It gets the payload as its model, and the context if it asks for one; what it returns is ignored."""
    seen: list[Any] = []

    def handler(email: Email, context: TaskContext) -> bool:
        seen.extend((email, context.attempt, context.state, context.remaining, context.headers["ce_type"]))
        return False

    arrived = email_arrival(Email(to="ada@example.com", subject="hello"), attempt=3)
    assert bench.end(handler, arrived) == ends.Done()
    assert seen == [Email(to="ada@example.com", subject="hello"), 3, "state", None, "send_email"]
    started, ended = bench.events
    assert isinstance(started, AttemptStarted)
    assert isinstance(ended, AttemptEnded)
    assert (started.task_type, started.task_id) == (ended.task_type, ended.task_id)
    assert ended.end == ends.Done()
    assert ended.seconds > 0


def test_a_failure_is_retried_after_its_delay(bench: Bench) -> None:
    """The due time is the wall clock's, never earlier than the delay, and told with a redacted cause."""
    end = bench.failing(ValueError("no mailbox ada@example.com"), retry=Retry(base=3, jitter=0))
    assert isinstance(end, ends.Retry)
    assert NOW + 3_000 <= end.due <= NOW + 3_002
    assert end.failure is not None
    assert (end.failure.type, end.failure.message) == ("ValueError", "no mailbox ***")
    assert " in handler" in end.failure.place


def test_the_last_attempt_is_dead(bench: Bench) -> None:
    """``max_attempts`` counts all attempts, the first included."""
    policy = Retry(max_attempts=3)
    assert isinstance(bench.failing(ValueError("x"), attempt=2, retry=policy), ends.Retry)
    end = bench.failing(ValueError("x"), attempt=3, retry=policy)
    assert isinstance(end, ends.Dead)
    assert not end.failure.permanent
    assert isinstance(bench.failing(ValueError("x"), retry=Retry(max_attempts=1)), ends.Dead)


@pytest.mark.parametrize(
    ("error", "policy", "dead"),
    [
        (PermanentError("no"), Retry(), True),
        (KeyError("no"), Retry(permanent_on=(LookupError,)), True),
        (KeyError("no"), Retry(permanent_on=(LookupError,), retry_on=(KeyError,)), False),
        (TransientError("no"), Retry(permanent_on=(Exception,)), False),
        (RetryAfter(5), Retry(permanent_on=(Exception,)), False),
        (PermanentError("no"), Retry(retry_on=(PermanentError,)), False),
        (ConnectionError("no"), Retry(), False),
    ],
    ids=[
        "permanent",
        "permanent_on",
        "retry_on-wins",
        "transient-wins",
        "retry-after-wins",
        "ours-too",
        "other",
    ],
)
def test_classification(bench: Bench, error: Exception, policy: Retry, dead: bool) -> None:
    """``TransientError`` and ``retry_on`` first, then what is permanent; anything else is worth a retry."""
    assert isinstance(bench.failing(error, retry=policy), ends.Dead if dead else ends.Retry)


def test_retry_after_sets_the_delay_and_spends_an_attempt(bench: Bench) -> None:
    """Up to 30 days; the cap of the policy is not its business."""
    end = bench.failing(RetryAfter(3_600), retry=Retry(cap=1))
    assert isinstance(end, ends.Retry)
    assert NOW + 3_600_000 <= end.due <= NOW + 3_600_002
    assert isinstance(bench.failing(RetryAfter(1), attempt=10), ends.Dead)
    for seconds, longest in ((-5.0, 0), (1e12, 30 * 86_400)):
        end = bench.failing(RetryAfter(seconds))
        assert isinstance(end, ends.Retry)
        assert end.due - NOW == pytest.approx(longest * 1_000, abs=2)


@pytest.mark.parametrize("seconds", [float("nan"), "120", None])
def test_a_retry_after_that_is_no_number_is_an_ordinary_failure(bench: Bench, seconds: Any) -> None:
    """``RetryAfter(response.headers["Retry-After"], "busy")``: text, as HTTP has it, or nothing."""

    def handler(email: Email) -> None:
        raise RetryAfter(seconds, "busy")

    assert isinstance(bench.end(handler), ends.Retry)


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("mine"),
        asyncio.CancelledError(),
        GeneratorExit(),
        StopIteration(),
        RecursionError(),
        BaseExceptionGroup("several", [ValueError("a"), asyncio.CancelledError()]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_is_raised_is_an_outcome(bench: Bench, error: BaseException) -> None:
    """No exception is mistaken for "not finished yet", and none ends the thread."""
    end = bench.failing(error)
    assert isinstance(end, ends.Retry)
    assert end.failure is not None
    assert end.failure.type.rpartition(".")[2] == type(error).__name__


def test_endless_recursion_is_an_outcome(bench: Bench) -> None:
    """The real thing, a thousand frames deep."""

    def handler(email: Email) -> None:
        handler(email)

    end = bench.end(handler)
    assert isinstance(end, ends.Retry)
    assert end.failure is not None
    assert end.failure.type == "RecursionError"


def test_an_exception_that_cannot_be_shown_is_an_outcome(bench: Bench) -> None:
    """A ``__str__`` that raises costs the message, not the outcome."""

    class Broken(Exception):
        def __str__(self) -> str:
            raise ValueError("no")

    end = bench.failing(Broken())
    assert isinstance(end, ends.Retry)
    assert end.failure is not None
    assert end.failure.message == ""


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, MemoryError])
def test_a_crash_has_no_outcome(bench: Bench, kind: type[BaseException]) -> None:
    """The process is in trouble, not the task: the worker drains and ends, the task is delivered again."""
    with pytest.raises(CrashedHandler, match=f"handler of 'send_email' raised {kind.__name__}"):
        bench.failing(kind())
    assert isinstance(bench.events[-1], HandlerCrashed)
    assert not any(isinstance(event, AttemptEnded) for event in bench.events)


def test_bad_input_is_dead_and_never_reaches_a_handler(bench: Bench) -> None:
    """Bytes that are no task, a type nobody registered, a payload that does not fit, a faulty header."""
    source, good = partition(), email_arrival()
    value = good.record.value or b""
    other = arrival(source, value=value.replace(b"send_email", b"send_pizza"))
    wrong = arrival(source, value=value.replace(b'"to":"ada@example.com"', b'"to":5'))
    faulty = email_arrival()
    faulty.fault = InvalidHeaders("header x is forged")
    kinds = []
    for each in (arrival(source), arrival(source, value=b"{"), other, wrong, faulty):
        end = bench.end(never, each)
        assert isinstance(end, ends.Dead)
        assert end.failure.permanent
        kinds.append(end.failure.type.rpartition(".")[2])
    assert kinds == [
        "MalformedRecord", "MalformedRecord", "UnknownTaskType", "InvalidPayload", "InvalidHeaders"
    ]  # fmt: skip
    assert all(isinstance(event, AttemptEnded) and event.seconds == 0 for event in bench.events)


def test_a_task_beyond_the_size_limit_is_dead(bench: Bench) -> None:
    """It is refused before it is parsed."""
    end = bench.end(never, email_arrival(Email(to="x" * 2_000)), max_task_bytes=1_000)
    assert isinstance(end, ends.Dead)
    assert end.failure.type.endswith(MalformedRecord.__name__)


def test_an_expired_task_is_skipped(bench: Bench) -> None:
    """At its first attempt and at any later one."""
    assert bench.end(never, email_arrival(expires_at=MOMENT)) == ends.Skipped()
    assert bench.end(never, email_arrival(attempt=4, expires_at=MOMENT)) == ends.Skipped()
    assert bench.end(lambda email: None, email_arrival(expires_at=MOMENT + timedelta(seconds=1))) == ends.Done()


def test_an_eta_is_waited_for_and_spends_no_attempt(bench: Bench) -> None:
    """Not before its time, then at once; a retry has a time of its own."""
    due = MOMENT + timedelta(minutes=5)
    assert bench.end(never, email_arrival(not_before=due)) == ends.Retry(NOW + 300_000, None)
    assert bench.end(lambda email: None, email_arrival(not_before=MOMENT)) == ends.Done()
    assert bench.end(lambda email: None, email_arrival(attempt=2, not_before=due)) == ends.Done()


def test_an_attempt_that_is_not_due_waits_again(bench: Bench) -> None:
    """As after the clock was set back: what has come too soon by now spends no attempt, and keeps its time."""
    attempted = arrival(
        partition(tier=DEFAULT_TIERS[0]), value=email_arrival().record.value, attempt=3, not_before=NOW + 3_600_000
    )
    assert bench.end(never, attempted) == ends.Retry(NOW + 3_600_000, None)


def test_an_eta_of_30_days_may_come_from_a_clock_that_is_ahead(bench: Bench) -> None:
    """The submitter's clock and the worker's never agree to the millisecond."""
    due = MOMENT + timedelta(days=30, minutes=5)
    assert bench.end(never, email_arrival(not_before=due)) == ends.Retry(NOW + (30 * 86_400 + 300) * 1_000, None)


def test_an_absurd_eta_is_dead(bench: Bench) -> None:
    """More than 30 days ahead no honest producer asks for."""
    end = bench.end(never, email_arrival(not_before=MOMENT + timedelta(days=31)))
    assert isinstance(end, ends.Dead)
    assert "30 days" in end.failure.message


def test_middleware_wraps_the_handler_outermost_first(bench: Bench) -> None:
    """Its exceptions are the handler's; its own context variables are gone with the attempt."""
    order: list[str] = []

    def named(name: str) -> Middleware:
        def middleware(task: Task[Any], context: TaskContext, call_next: Callable[[], Any]) -> Any:
            order.append(f"{name} {task.type} {context.attempt}")
            return call_next()

        return middleware

    def refuse(task: Task[Any], context: TaskContext, call_next: Callable[[], Any]) -> Any:
        raise PermanentError("refused")

    outer, inner = named("outer"), named("inner")
    assert bench.end(lambda email: order.append("handler"), middleware=(outer, inner)) == ends.Done()
    assert order == ["outer send_email 1", "inner send_email 1", "handler"]
    assert isinstance(bench.end(never, middleware=(outer, refuse)), ends.Dead)


def test_context_variables_do_not_leak_between_tasks(bench: Bench) -> None:
    """What one task sets, no other task on the same thread sees."""
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")
    seen = []

    def handler(email: Email) -> None:
        seen.append(user.get())
        user.set(email.to)

    attempts = bench.attempts(handler)
    for to in ("ada", "bob"):
        assert attempts.run(email_arrival(Email(to=to))) == ends.Done()
    assert seen == ["nobody", "nobody"]
    assert user.get() == "nobody"


def test_error_messages_can_be_turned_off(bench: Bench) -> None:
    """Then only type and place are told; our own messages quote nothing and stay."""
    end = bench.failing(ValueError("anything"), error_messages=False)
    assert isinstance(end, ends.Retry)
    assert end.failure is not None
    assert (end.failure.type, end.failure.message) == ("ValueError", "")
    dead = bench.end(never, arrival(partition()), error_messages=False)
    assert isinstance(dead, ends.Dead)
    assert "tombstone" in dead.failure.message
