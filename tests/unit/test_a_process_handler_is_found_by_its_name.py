"""``executor="process"``: what another process could not find is refused when it is registered, with the cure."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from pydantic import BaseModel

from stillframe.consumer import Retry, Tasks
from stillframe.consumer.handler import check_place
from stillframe.consumer.testing import WorkerHarness
from stillframe.consumer.worker import Worker
from stillframe.schemas import DefinitionError, TaskType
from tests.arrivals import Email, send_email

RAN: list[str] = []


def deliver(email: Email) -> None:
    RAN.append(email.to)


async def deliver_soon(email: Email) -> None: ...


class Deliverer:
    def __call__(self, email: Email) -> None: ...


def doubled(function: Callable[[Email], None]) -> Callable[[Email], None]:
    @wraps(function)
    def twice(email: Email) -> None:
        function(email)

    return twice


@doubled
def wrapped(email: Email) -> None: ...


class Local(BaseModel):
    """Stands for a model made inside a function."""


Local.__qualname__ = "make.<locals>.Local"


def local(email: Email) -> None: ...


local.__module__ = "__main__"


class Unfindable(Exception):
    """Stands for a class made inside a function."""


Unfindable.__qualname__ = "make.<locals>.Unfindable"


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda email: None, "<lambda>, which is no name in its module"),
        (Deliverer(), "is a Deliverer without a name"),
        (deliver_soon, "is async"),
        (local, "is in __main__"),
    ],
    ids=["lambda", "object", "async", "script"],
)
def test_a_function_without_an_address_is_refused(function: Any, said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        Tasks().task(send_email, executor="process")(function)


def test_so_is_a_payload_or_an_exception_without_one() -> None:
    """The payload is read in the process, and there the failure is judged."""
    hidden = TaskType("hidden", Local, topic="emails")

    def handle(payload: Local) -> None: ...

    handle.__qualname__ = "handle"
    with pytest.raises(DefinitionError, match="payload of task type 'hidden'"):
        Tasks().task(hidden, executor="process")(handle)
    with pytest.raises(DefinitionError, match="an exception in its Retry"):
        Tasks().task(send_email, retry=Retry(retry_on=(Unfindable,)), executor="process")(deliver)
    with pytest.raises(DefinitionError, match="classify of its Retry"):
        Tasks().task(send_email, retry=Retry(classify=lambda _: None), executor="process")(deliver)


def test_another_executor_is_refused() -> None:
    with pytest.raises(DefinitionError, match="executor='thread'"):
        Tasks().task(send_email, executor="thread")(deliver)  # type: ignore[arg-type]


def test_a_name_that_leads_elsewhere_is_refused_at_the_start() -> None:
    """A decorator outside of ours: the process would run what that one has made of the function."""
    tasks = Tasks()
    inner = wrapped.__wrapped__  # type: ignore[attr-defined]
    tasks.task(send_email, executor="process")(inner)
    with pytest.raises(DefinitionError, match="is something else"):
        check_place(*tasks.handlers)
    fine = Tasks()
    fine.task(send_email, executor="process")(deliver)
    check_place(*fine.handlers)


def test_the_harness_runs_it_in_place() -> None:
    """An application's test needs no other process."""
    RAN.clear()
    worker = Worker("mailer")
    worker.task(send_email, executor="process")(deliver)
    with WorkerHarness(worker) as harness:
        harness.submit(send_email, Email(to="ada@example.com"))
        harness.run_until_idle()
        assert [each.task_type for each in harness.done] == ["send_email"]
    assert RAN == ["ada@example.com"]
