"""The worker: ordered, gap-safe, threaded consumption of tasks, with retry topics and a dead-letter topic.

Each name is imported when it is first used: the supervisor of ``stillframe worker`` lives in this package
too, and has to listen for signals before anything large is imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from stillframe.consumer.context import TaskContext
    from stillframe.consumer.errors import (
        BrokerUnreachable,
        CrashedHandler,
        FatalClientError,
        PermanentError,
        RetryAfter,
        StuckHandlers,
        TaskError,
        TransientError,
        UnsafeTopics,
        WorkerError,
    )
    from stillframe.consumer.handler import Middleware
    from stillframe.consumer.ordering import Ordering, RetryOrder
    from stillframe.consumer.outcome.breaker import CircuitBreaker
    from stillframe.consumer.retry import Jitter, Retry
    from stillframe.consumer.settings import WorkerSettings
    from stillframe.consumer.tasks import Tasks
    from stillframe.consumer.worker import Lifespan, Worker

__all__ = [
    "BrokerUnreachable",
    "CircuitBreaker",
    "CrashedHandler",
    "FatalClientError",
    "Jitter",
    "Lifespan",
    "Middleware",
    "Ordering",
    "PermanentError",
    "Retry",
    "RetryAfter",
    "RetryOrder",
    "StuckHandlers",
    "TaskContext",
    "TaskError",
    "Tasks",
    "TransientError",
    "UnsafeTopics",
    "Worker",
    "WorkerError",
    "WorkerSettings",
]

#: The modules that do not hold errors, by the names that they give.
_HOMES: Final = {
    "CircuitBreaker": "outcome.breaker",
    "Jitter": "retry",
    "Lifespan": "worker",
    "Middleware": "handler",
    "Ordering": "ordering",
    "Retry": "retry",
    "RetryOrder": "ordering",
    "TaskContext": "context",
    "Tasks": "tasks",
    "Worker": "worker",
    "WorkerSettings": "settings",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value  # the next use finds it without asking
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
