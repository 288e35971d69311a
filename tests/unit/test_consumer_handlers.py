"""Registering handlers: each wrong declaration is refused where it is made, with its cure."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import pytest

from stillframe.consumer import PermanentError, Retry, TaskContext, Tasks, Worker
from stillframe.schemas import DefinitionError, TaskType
from tests.arrivals import Email, send_email


class Sms(Email):
    """Another payload."""


def refused(function: Any, **options: Any) -> str:
    with pytest.raises(DefinitionError) as caught:
        Tasks().task(send_email, **options)(function)
    return str(caught.value)


def test_the_handler_is_given_back_unchanged() -> None:
    """A decorated function can still be called and tested as it is."""

    def deliver(email: Email) -> str:
        return email.to

    tasks = Tasks()
    assert tasks.task(send_email)(deliver) is deliver
    handler = tasks.handler("send_email")
    assert handler is not None
    assert (handler.function, handler.wants_context) == (deliver, False)


def test_what_a_handler_may_look_like() -> None:
    """With or without context, async, a method, a partial, without annotations, with defaults."""

    class Mailer:
        def deliver(self, email: Email, context: TaskContext) -> None: ...

    async def asynchronous(email: Email, context: TaskContext) -> None: ...
    def bare(email, context): ...  # type: ignore[no-untyped-def]
    def wider(email: object, *, retries: int = 3) -> None: ...
    def with_default(email: Email, sender: str = "us") -> None: ...
    def configured(sender: str, email: Email) -> None: ...

    wants = {
        function: _registered(function).wants_context
        for function in (Mailer().deliver, asynchronous, bare, wider, with_default)
    }
    assert list(wants.values()) == [True, True, True, False, False]
    assert not _registered(partial(configured, "us")).wants_context


@pytest.mark.parametrize(
    "function",
    [
        lambda: None,
        lambda email, context, more: None,
        lambda *, email: None,
        lambda email, *, sender: None,
        lambda *everything: None,
    ],
    ids=["none", "three", "keyword", "required-keyword", "variadic"],
)
def test_a_wrong_number_of_parameters_is_refused(function: Any) -> None:
    """The message shows the signature found and the two that are possible."""
    message = refused(function)
    assert "of task type 'send_email' takes (" in message
    assert "declare it as (payload: Email) or (payload: Email, context: TaskContext)" in message


def test_a_wrong_payload_type_is_refused() -> None:
    """Another model than the task type's, also a subclass of it, cannot be what arrives."""

    def wrong(sms: Sms) -> None: ...
    def swapped(context: TaskContext, email: Email) -> None: ...

    assert "'sms' is annotated Sms, it receives Email" in refused(wrong)
    assert "'context' is annotated TaskContext, it receives Email" in refused(swapped)


def test_a_generator_is_refused() -> None:
    """Calling one runs nothing: its tasks would all be done and none of them carried out."""

    def sync(email: Email) -> Iterator[int]:
        yield 1

    async def asynchronous(email: Email) -> AsyncIterator[int]:
        yield 1

    assert "is a generator, its body would never run: remove the yield" in refused(sync)
    assert "is a generator, its body would never run: remove the yield" in refused(asynchronous)


@pytest.mark.parametrize("timeout", [0, -1, -0.5])
def test_a_timeout_that_is_none_is_refused(timeout: float) -> None:
    """Zero is no way to say unbounded."""
    message = refused(lambda email: None, timeout=timeout)
    assert f"timeout={timeout} must be more than 0 seconds, or None for no timeout" in message


def test_a_second_handler_for_a_type_is_refused() -> None:
    """In one registry, and when one is included in another."""
    tasks, worker = Tasks(), Worker("mailer")
    tasks.task(send_email)(lambda email: None)
    with pytest.raises(DefinitionError, match="'send_email' has a handler already: a type has exactly one"):
        tasks.task(send_email)(lambda email: None)
    worker.include(tasks)
    with pytest.raises(DefinitionError, match="'send_email' has a handler already"):
        worker.include(tasks)
    assert [handler.name for handler in worker.handlers] == ["send_email"]


def test_the_decorator_without_its_task_type_is_refused() -> None:
    """``@worker.task`` instead of ``@worker.task(send_email)`` would register nothing."""
    with pytest.raises(DefinitionError, match="task"):
        Tasks().task(lambda email: None)  # type: ignore[arg-type]


def test_topics_are_listed_once_in_order() -> None:
    """A topic is a queue and may carry many types."""
    worker = Worker("mailer")
    for name, topic in (("a", "second"), ("b", "first"), ("c", "second")):
        worker.task(TaskType(name, Email, topic=topic), retry=Retry(permanent_on=(PermanentError,)))(
            lambda email: None
        )
    assert worker.topics == ("second", "first")


def _registered(function: Any) -> Any:
    tasks = Tasks()
    tasks.task(send_email)(function)
    return tasks.handler("send_email")
