"""Handlers by task type: the part of a worker that modules can declare for themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final, Generic, Literal, Protocol, TypeVar, overload

from pydantic import BaseModel

from stillframe.consumer.context import TaskContext
from stillframe.consumer.executor import Executor
from stillframe.consumer.handler import Handler, make_handler
from stillframe.consumer.outcome.breaker import CircuitBreaker
from stillframe.consumer.retry import Retry
from stillframe.schemas import DefinitionError, TaskType

P = TypeVar("P", bound=BaseModel)
R = TypeVar("R")

#: Of a task type that says nothing of it.
BREAKER: Final = CircuitBreaker()


class Registration(Protocol, Generic[P]):
    """The decorator that :meth:`Tasks.task` returns; it gives the function back unchanged."""

    @overload
    def __call__(self, function: Callable[[P], R]) -> Callable[[P], R]: ...
    @overload
    def __call__(self, function: Callable[[P, TaskContext], R]) -> Callable[[P, TaskContext], R]: ...


class Tasks:
    """A registry of handlers. A :class:`Worker` is one; a module of its own makes one and is included."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}

    def task(
        self,
        task_type: TaskType[P],
        *,
        retry: Retry | None = None,
        timeout: float | None = None,
        executor: Literal["process"] | None = None,
        breaker: CircuitBreaker | None = BREAKER,
    ) -> Registration[P]:
        """Register the decorated function as the handler of a task type.

        Args:
            retry: how failures are retried; ``Retry()`` by default.
            timeout: seconds an attempt may take. An ``async def`` handler is cancelled and a process
                killed; a ``def`` handler's context says ``cancelled``, and its key waits until it returns.
            executor: ``"process"`` runs a ``def`` handler in a process of its own, for work that needs a
                processor. It has to be a plain function at the top of a module that can be imported.
            breaker: when the type is held back because what the handler calls is down; ``None`` for never.

        Raises:
            DefinitionError: the function cannot take the payload, or the type has a handler already.
        """
        declared: Any = task_type
        if not isinstance(declared, TaskType):
            raise DefinitionError(
                f"task() takes a TaskType, not {declared!r}: decorate with @worker.task(send_email)"
            )

        if executor not in {None, "process"}:
            raise DefinitionError(
                f"executor={executor!r}: 'process', or nothing: def runs in a thread, async def on the event loop"
            )

        held_by: Any = breaker
        if not isinstance(held_by, CircuitBreaker | None):
            raise DefinitionError(
                f"breaker={held_by!r} of task type {task_type.name!r}: give a CircuitBreaker(...), or None for none"
            )

        def register(function: Any) -> Any:
            handler = make_handler(task_type, function, retry or Retry(), timeout, process=executor == "process")
            self._add(replace(handler, breaker=breaker))
            return function

        return register

    def include(self, tasks: Tasks) -> None:
        """Take over the handlers of another registry.

        Raises:
            DefinitionError: a task type has a handler in both.
        """
        for handler in tasks.handlers:
            self._add(handler)

    @property
    def handlers(self) -> Iterable[Handler]:
        return tuple(self._handlers.values())

    @property
    def executors(self) -> dict[str, Executor]:
        """What runs the handler of each task type."""
        return {name: handler.executor for name, handler in self._handlers.items()}

    @property
    def breakers(self) -> dict[str, CircuitBreaker]:
        """The circuit breaker's policy of each task type that has one."""
        return {name: handler.breaker for name, handler in self._handlers.items() if handler.breaker is not None}

    @property
    def topic_of(self) -> dict[str, str]:
        """The task topic of each task type."""
        return {name: handler.task_type.topic for name, handler in self._handlers.items()}

    def handler(self, task_type: str) -> Handler | None:
        return self._handlers.get(task_type)

    @property
    def topics(self) -> tuple[str, ...]:
        """The task topics, each once, in the order of registration."""
        return tuple(dict.fromkeys(handler.task_type.topic for handler in self._handlers.values()))

    def _add(self, handler: Handler) -> None:
        if handler.name in self._handlers:
            raise DefinitionError(f"task type {handler.name!r} has a handler already: a type has exactly one")
        self._handlers[handler.name] = handler
