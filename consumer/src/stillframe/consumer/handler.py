"""A registered handler, and the checks that turn a wrong signature into an error with its cure."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_type_hints

from stillframe.consumer.context import TaskContext
from stillframe.consumer.dispatch.address import Address
from stillframe.consumer.dispatch.process_call import Place
from stillframe.consumer.executor import Executor
from stillframe.consumer.outcome.breaker import CircuitBreaker
from stillframe.consumer.retry import Retry
from stillframe.schemas import DefinitionError, Task, TaskType

#: A function around every attempt: ``(task, context, call_next) -> call_next()``. What it raises
#: counts as the handler's failure.
Middleware = Callable[[Task[Any], TaskContext, Callable[[], Any]], Any]

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Handler:
    """A function for a task type, with its policy.

    Attributes:
        wants_context: whether it takes a second argument.
        timeout: seconds an attempt may take; ``None`` is unbounded.
        executor: what runs it.
        place: where another process finds it, if that is what runs it.
        breaker: when its task type is held back; ``None`` for never.
    """

    task_type: TaskType[Any]
    function: Callable[..., Any]
    retry: Retry
    timeout: float | None
    wants_context: bool
    executor: Executor
    place: Place | None = None
    breaker: CircuitBreaker | None = None

    @property
    def name(self) -> str:
        return self.task_type.name


def make_handler(
    task_type: TaskType[Any],
    function: Callable[..., Any],
    retry: Retry,
    timeout: float | None,
    *,
    process: bool = False,
) -> Handler:
    """Check a function against its task type.

    Raises:
        DefinitionError: it cannot be called with the payload, is annotated with another one, or is to run in
            another process, which could not find it.
    """
    who = f"handler {getattr(function, '__qualname__', function)!s} of task type {task_type.name!r}"
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise DefinitionError(f"{who} is a generator, its body would never run: remove the yield")
    if timeout is not None and timeout <= 0:
        raise DefinitionError(f"{who}: timeout={timeout} must be more than 0 seconds, or None for no timeout")
    parameters = _parameters(function, who, task_type)
    _check_annotations(function, parameters, who, task_type)
    wants_context = len(parameters) > 1
    if process:
        place = _place(task_type, function, retry, who)
        return Handler(task_type, function, retry, timeout, wants_context, Executor.PROCESS, place)
    executor = Executor.ASYNC if _is_async(function) else Executor.THREAD
    return Handler(task_type, function, retry, timeout, wants_context, executor)


def check_place(handler: Handler) -> None:
    """See that another process finds this very function; possible once its module has been imported.

    Raises:
        DefinitionError: it would find something else, or nothing.
    """
    if handler.place is not None:
        handler.place.function.check(handler.function, f"handler of task type {handler.name!r}")
        handler.place.payload.check(handler.task_type.payload, f"payload of task type {handler.name!r}")


def _place(task_type: TaskType[Any], function: Callable[..., Any], retry: Retry, who: str) -> Place:
    if _is_async(function):
        raise DefinitionError(f"{who} is async, it runs on the event loop: drop async, or executor='process'")
    for kind in (*retry.retry_on, *retry.permanent_on):
        Address.of(kind, f"{who}: an exception in its Retry")
    if retry.classify is not None:
        Address.of(retry.classify, f"{who}: classify of its Retry")
    payload = Address.of(task_type.payload, f"payload of task type {task_type.name!r}")
    return Place(Address.of(function, who), payload, task_type.name, task_type.topic)


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _parameters(function: Callable[..., Any], who: str, task_type: TaskType[Any]) -> list[inspect.Parameter]:
    """The parameters that the worker will fill: the payload, and perhaps the context."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise DefinitionError(f"{who} shows no signature: wrap it in a function of your own") from None
    filled = [p for p in parameters if p.kind in POSITIONAL and (p.default is p.empty or p is parameters[0])]
    required = [p.name for p in parameters if p.default is p.empty and p.kind is p.KEYWORD_ONLY]
    if not 1 <= len(filled) <= 2 or required:
        payload = f"payload: {task_type.payload.__name__}"
        found = inspect.signature(function)
        raise DefinitionError(f"{who} takes {found}: declare it as ({payload}) or ({payload}, context: TaskContext)")
    return filled


def _check_annotations(
    function: Callable[..., Any], parameters: list[inspect.Parameter], who: str, task_type: TaskType[Any]
) -> None:
    expected: tuple[type[Any], ...] = (task_type.payload, TaskContext)
    hints = _hints(function)
    for parameter, kind in zip(parameters, expected, strict=False):
        annotation = hints.get(parameter.name)
        if isinstance(annotation, type) and not issubclass(kind, annotation):
            raise DefinitionError(
                f"{who}: parameter {parameter.name!r} is annotated {annotation.__name__}, "
                f"it receives {kind.__name__}: change the annotation, or the task type"
            )


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except (NameError, TypeError, AttributeError):
        return {}  # names under TYPE_CHECKING do not exist at run time: nothing to hold against the handler
