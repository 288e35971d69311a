"""The worker: ordered, gap-safe, threaded consumption of tasks, with retry topics and a dead-letter topic."""

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
from stillframe.consumer.ordering import Ordering
from stillframe.consumer.retry import Retry
from stillframe.consumer.settings import WorkerSettings
from stillframe.consumer.tasks import Tasks
from stillframe.consumer.worker import Lifespan, Worker

__all__ = [
    "BrokerUnreachable",
    "CrashedHandler",
    "FatalClientError",
    "Lifespan",
    "Middleware",
    "Ordering",
    "PermanentError",
    "Retry",
    "RetryAfter",
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
