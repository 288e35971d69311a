"""A handler's failure: what it says itself, what its policy says, what libraries mean; else a retry is worth it."""

from datetime import UTC, timedelta
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from stillframe.consumer import PermanentError, Retry, RetryAfter, TransientError
from stillframe.consumer.outcome import end as ends
from stillframe.consumer.outcome.classify import Cause
from stillframe.consumer.outcome.judge import judge
from stillframe.schemas import InvalidPayload
from tests.arrivals import Email, email_arrival
from tests.attempting import MOMENT, NOW, Bench


class Declined(Exception):
    """Of an application: the code tells, not the class."""

    def __init__(self, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code


def by_code(error: BaseException) -> Any:
    match error:
        case Declined(code=1):
            return PermanentError
        case Declined(code=2):
            return RetryAfter(90)
        case Declined(code=3):
            return TransientError("busy")
        case Declined(code=4):
            raise LookupError("no such code")
        case Declined(code=5):
            return True
        case _:
            return None


def status(code: int, **headers: str) -> httpx.HTTPStatusError:
    request = httpx.Request("GET", "https://example.com")
    response = httpx.Response(code, headers={n.replace("_", "-"): v for n, v in headers.items()}, request=request)
    return httpx.HTTPStatusError("no", request=request, response=response)


@pytest.fixture
def bench() -> Any:
    with Bench() as made:
        yield made


@pytest.mark.parametrize(
    ("error", "policy", "permanent", "after"),
    [
        (Declined(1), Retry(classify=by_code, retry_on=(Declined,)), True, None),
        (Declined(2), Retry(classify=by_code, permanent_on=(Declined,)), False, 90),
        (Declined(3), Retry(classify=by_code, permanent_on=(Declined,)), False, None),
        (Declined(6), Retry(classify=by_code, permanent_on=(Declined,)), True, None),
        (TransientError(), Retry(permanent_on=(Exception,)), False, None),
        (status(404), Retry(), True, None),
        (status(404), Retry(retry_on=(httpx.HTTPStatusError,)), False, None),
        (status(429, retry_after="30"), Retry(retry_on=(httpx.HTTPStatusError,)), False, 30),
        (status(500), Retry(permanent_on=(httpx.HTTPStatusError,)), True, None),
        (status(503, retry_after="30"), Retry(), False, 30),
        (ValueError(), Retry(), False, None),
        (ExceptionGroup("several", [ValueError(), status(404)]), Retry(), True, None),
        (ExceptionGroup("several", [status(503, retry_after="5"), status(429, retry_after="9")]), Retry(), False, 9),
        (ExceptionGroup("several", [status(404)]), Retry(retry_on=(ExceptionGroup,)), False, None),
    ],
    ids=lambda each: None if isinstance(each, bool | int) else repr(each)[:90],
)
def test_rules_have_an_order(error: Exception, policy: Retry, permanent: bool, after: float | None) -> None:
    """``classify``, then worth a retry, then permanent, then libraries; a group is as its worst."""
    told, judgement = judge(error, policy, NOW / 1_000)
    assert told is error
    assert (judgement.permanent, judgement.after) == (permanent, after)


@pytest.mark.parametrize(("code", "kind"), [(4, "LookupError"), (5, "DefinitionError")])
def test_a_classify_that_fails_is_the_failure(bench: Bench, code: int, kind: str) -> None:
    """It costs no outcome and is not passed over: log and dead letter show it, and the task is tried again."""
    end = bench.failing(Declined(code), retry=Retry(classify=by_code))
    assert isinstance(end, ends.Retry)
    assert end.failure is not None
    assert end.failure.type.endswith(kind)


def test_a_retry_after_may_be_a_moment(bench: Bench) -> None:
    """Not before it; one without a time zone tells nothing, and the policy decides."""
    zoned = bench.failing(RetryAfter(MOMENT + timedelta(hours=2)))
    past = bench.failing(RetryAfter(MOMENT - timedelta(hours=2)))
    naive = bench.failing(RetryAfter((MOMENT + timedelta(hours=2)).astimezone(UTC).replace(tzinfo=None)))
    assert isinstance(zoned, ends.Retry)
    assert isinstance(past, ends.Retry)
    assert isinstance(naive, ends.Retry)
    assert 7_200_000 <= zoned.due - NOW <= 7_200_002
    assert past.due - NOW <= 2
    assert naive.due - NOW <= 3_002
    assert zoned.failure is not None
    assert zoned.failure.cause is Cause.ASKED


def test_a_server_that_says_soon_does_not_use_up_the_attempts(bench: Bench) -> None:
    """Its Retry-After is the least; the handler's own RetryAfter is exact."""
    busy = bench.failing(status(429, retry_after="1"), retry=Retry(base=30, jitter=0))
    later = bench.failing(status(429, retry_after="600"), retry=Retry(base=30, jitter=0))
    asked = bench.failing(RetryAfter(1), retry=Retry(base=30, jitter=0))
    assert isinstance(busy, ends.Retry)
    assert isinstance(later, ends.Retry)
    assert isinstance(asked, ends.Retry)
    assert [round(each.due - NOW, -3) for each in (busy, later, asked)] == [30_000, 600_000, 1_000]


def test_no_attempt_starts_after_its_time_is_over(bench: Bench) -> None:
    """``give_up_after`` counts from the first failure, which travels with the task."""
    policy = Retry(base=60, cap=60, jitter=0, give_up_after=timedelta(minutes=3))
    assert isinstance(bench.failing(ValueError(), retry=policy), ends.Retry)
    for ago, dead in ((119, False), (121, True)):
        arrived = email_arrival(attempt=3)
        arrived.state = type(arrived.state)(attempt=3, first_failed_at=NOW - ago * 1_000)

        def handler(email: Email) -> None:
            raise ValueError

        end = bench.end(handler, arrived, retry=policy)
        assert isinstance(end, ends.Dead) is dead
    assert isinstance(bench.failing(RetryAfter(181), retry=policy), ends.Dead)


def test_a_pydantic_error_in_a_handler_is_not_a_bad_payload(bench: Bench) -> None:
    """Only the reading of the record can find the payload bad: what the handler validates itself may be a fault of
    whoever answered it, and is retried.
    """

    class Answer(BaseModel):
        total: int

    def handler(email: Email) -> None:
        Answer.model_validate({"total": email.to})

    end = bench.end(handler)
    assert isinstance(end, ends.Retry)
    assert end.failure is not None
    assert (end.failure.type.rpartition(".")[2], end.failure.cause) == ("ValidationError", Cause.HANDLER)
    assert "ada" not in end.failure.message
    bad = bench.end(handler, _with_payload(b"{}"))
    assert isinstance(bad, ends.Dead)
    assert (bad.failure.type.rpartition(".")[2], bad.failure.cause) == ("InvalidPayload", Cause.INPUT)
    for error in (InvalidPayload("another task's"), _pydantic()):
        assert isinstance(bench.failing(error), ends.Retry)


def _pydantic() -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(int).validate_python("x")
    return caught.value


def _with_payload(payload: bytes) -> Any:
    good = email_arrival()
    value = good.record.value or b""
    start = value.index(b'"payload":') + len(b'"payload":')
    end = value.index(b"}", start) + 1
    good.record = type(good.record)(
        good.record.topic, good.record.key, value[:start] + payload + value[end:], good.record.headers,
        good.record.partition, good.record.offset,
    )  # fmt: skip
    return good
