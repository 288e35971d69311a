"""STRICT and RELAXED, as an application sees them: what a failed task does to those behind it."""

from typing import Any

import pytest

from stillframe.consumer import Ordering, PermanentError, Retry, RetryOrder, TaskContext, Worker, WorkerSettings
from stillframe.consumer.testing import WorkerHarness
from stillframe.schemas import DefinitionError
from tests.arrivals import Email, send_email

#: The first retry comes after 30 s: longer than memory holds a relaxed one.
SLOW = Retry(max_attempts=3, base=30, cap=30, jitter=0)


def attempts_of(order: RetryOrder, *, failures: int, error: type[Exception] = ConnectionError, **options: Any) -> Any:
    """The harness of a worker whose task "first" fails so often, and the list that its attempts go to."""
    seen: list[tuple[str, int]] = []
    worker = Worker("mailer", WorkerSettings(), retry_order={"emails": order}, **options)

    def handler(email: Email, context: TaskContext) -> None:
        seen.append((email.subject, context.attempt))
        if email.subject == "first" and context.attempt <= failures:
            raise error

    worker.task(send_email, retry=SLOW)(handler)
    return WorkerHarness(worker), seen


def submit(harness: WorkerHarness, *subjects: str, to: str = "ada") -> None:
    for subject in subjects:
        harness.submit(send_email, Email(to=to, subject=subject))
    harness.run_until_idle()


def test_strict_followers_wait_for_the_retry_and_other_keys_do_not() -> None:
    """However long it takes: a strict retry never goes to a tier, where its place would be lost."""
    harness, seen = attempts_of(RetryOrder.STRICT, failures=2)
    with harness:
        submit(harness, "first", "second")
        submit(harness, "elsewhere", to="bob")
        assert seen == [("first", 1), ("elsewhere", 1)]
        assert [each.topic for each in harness.waiting] == ["emails"]
        harness.advance(31)
        submit(harness, "third")
        assert seen[2:] == [("first", 2)]
        harness.advance(31)
        assert seen[3:] == [("first", 3), ("second", 1), ("third", 1)]


@pytest.mark.parametrize(("failures", "error", "tries"), [(9, ConnectionError, 3), (9, PermanentError, 1)])
def test_a_strict_task_that_is_given_up_opens_its_lane(failures: int, error: type[Exception], tries: int) -> None:
    """One dead letter, and the key goes on."""
    harness, seen = attempts_of(RetryOrder.STRICT, failures=failures, error=error)
    with harness:
        submit(harness, "first", "second")
        harness.advance(120)
        assert seen == [*(("first", attempt + 1) for attempt in range(tries)), ("second", 1)]
        assert [each.attempt for each in harness.dead] == [tries]


def test_relaxed_followers_run_meanwhile() -> None:
    """The default: a failed task costs nobody time."""
    harness, seen = attempts_of(RetryOrder.RELAXED, failures=1)
    with harness:
        submit(harness, "first", "second")
        assert seen == [("first", 1), ("second", 1)]
        assert [each.topic for each in harness.waiting] == ["emails.mailer.retry.1m"]


def test_an_eta_is_no_retry() -> None:
    """A task that was submitted for later does not hold up what may run now."""
    harness, seen = attempts_of(RetryOrder.STRICT, failures=0)
    with harness:
        harness.submit(send_email, Email(to="ada", subject="later"), delay=5)
        submit(harness, "now")
        assert seen == [("now", 1)]
        harness.advance(5)
        assert seen == [("now", 1), ("later", 1)]


def test_strict_retries_of_a_topic_without_order_are_refused() -> None:
    with pytest.raises(DefinitionError, match="STRICT retries need Ordering.KEY or Ordering.PARTITION"):
        attempts_of(RetryOrder.STRICT, failures=0, ordering={"emails": Ordering.UNORDERED})


def test_a_retry_order_for_no_topic_is_refused() -> None:
    """A misspelt topic would be relaxed, silently."""
    worker = Worker("mailer", WorkerSettings(), retry_order={"email": RetryOrder.STRICT})
    worker.task(send_email)(lambda email: None)
    with pytest.raises(DefinitionError, match=r"retry_order names \['email'\]"):
        worker.families()
