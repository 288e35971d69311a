"""A policy that cannot work is refused where it is written: the argument, what was given, and what to give."""

from datetime import timedelta
from typing import Any

import pytest

from stillframe.consumer import CircuitBreaker, Retry, Worker
from stillframe.schemas import DefinitionError
from tests.arrivals import send_email


def named(each: object) -> str:
    return "-".join(f"{name}={value!r:.20}" for name, value in each.items()) if isinstance(each, dict) else ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_attempts": 0}, "(max_attempts=0), of type int: give a whole number from 1 to 1000000"),
        ({"max_attempts": "6"}, "(max_attempts='6'), of type str: give a whole number"),
        ({"max_attempts": True}, "(max_attempts=True), of type bool: give a whole number"),
        ({"max_attempts": 2.5}, "(max_attempts=2.5), of type float: give a whole number"),
        ({"base": 0.5}, "(base=0.5), of type float: give a number of seconds, at least 1"),
        ({"base": None}, "(base=None), of type NoneType: give a number of seconds"),
        ({"jitter": -1}, "(jitter=-1), of type int: give seconds, at least 0, or one of Jitter.FULL"),
        ({"jitter": "full"}, "(jitter='full'), of type str: give seconds, at least 0, or one of Jitter.FULL"),
        ({"cap": -1}, "(cap=-1), of type int: give seconds from 0 to 2592000 (30 days)"),
        ({"cap": 10**9}, "(cap=1000000000), of type int: give seconds from 0 to 2592000 (30 days)"),
        ({"retry_on": ValueError}, "of type type: give a tuple of exception classes, such as (ValueError,)"),
        ({"permanent_on": (ValueError("x"),)}, "of type tuple: give a tuple of exception classes"),
        ({"permanent_on": ("ValueError" * 99,)}, "ValueErrorValueErr…), of type tuple"),
        ({"classify": "json"}, "(classify='json'), of type str: give a function of the exception"),
        ({"give_up_after": 3_600}, "(give_up_after=3600), of type int: give a timedelta above 0"),
        ({"give_up_after": timedelta(0)}, "of type timedelta: give a timedelta above 0, such as timedelta(hours=6)"),
    ],
    ids=named,
)
def test_an_impossible_policy_is_refused(options: dict[str, Any], message: str) -> None:
    """Here, and not when the first handler fails."""
    with pytest.raises(DefinitionError) as refused:
        Retry(**options)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"failures": "5"}, "CircuitBreaker(failures='5'), of type str: give a whole number, at least 1"),
        ({"failures": 2.5}, "(failures=2.5), of type float: give a whole number"),
        ({"rate": 50}, "(rate=50), of type int: give a share above 0, up to 1"),
        ({"rate": None}, "(rate=None), of type NoneType: give a share"),
        ({"window": float("nan")}, "(window=nan), of type float: give seconds above 0, up to 2592000 (30 days)"),
        ({"open_for": timedelta(seconds=30)}, "of type timedelta: give seconds above 0"),
        ({"open_for": 1e308}, "(open_for=1e+308), of type float: give seconds above 0, up to 2592000 (30 days)"),
        ({"probes": True}, "(probes=True), of type bool: give a whole number, at least 1"),
    ],
    ids=named,
)
def test_so_is_an_impossible_breaker(options: dict[str, Any], message: str) -> None:
    """Not when the first handler fails: that would be in a thread of the engine, and end the worker."""
    with pytest.raises(DefinitionError) as refused:
        CircuitBreaker(**options)
    assert message in str(refused.value)


def test_so_is_what_is_no_breaker() -> None:
    """True, for the one that is on anyway."""
    wrong: Any = True
    with pytest.raises(DefinitionError, match=r"breaker=True of task type 'send_email': give a CircuitBreaker"):
        Worker("mailer").task(send_email, breaker=wrong)
