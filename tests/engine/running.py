"""Run a worker in a thread of the test, as an application would embed it."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from stillframe.consumer import (
    CircuitBreaker,
    Middleware,
    Ordering,
    Retry,
    RetryOrder,
    TaskContext,
    Worker,
    WorkerSettings,
)
from stillframe.consumer.events import Listener
from stillframe.schemas import TaskType
from tests.engine.work import Work

#: Long enough for whatever a scenario does on a busy machine of two cores.
STOP_TIMEOUT = 60.0
SHORT_SESSION = {"session.timeout.ms": 6_000, "heartbeat.interval.ms": 500}


def make_worker(
    bootstrap_servers: str,
    group: str,
    task_type: TaskType[Work],
    handler: Callable[[Work, TaskContext], object],
    *,
    retry: Retry | None = None,
    timeout: float | None = None,
    middleware: Sequence[Middleware] = (),
    listeners: Sequence[Listener] = (),
    ordering: Ordering = Ordering.KEY,
    retry_order: RetryOrder = RetryOrder.RELAXED,
    breaker: CircuitBreaker | None = None,
    **settings: Any,
) -> Worker:
    """A worker of one handler, without a health port, in a session short enough for tests.

    And without a circuit breaker, but for the scenarios of that: what fails here fails on purpose, and often.
    """
    kafka = settings.pop("kafka", SHORT_SESSION)
    worker = Worker(
        group,
        WorkerSettings(bootstrap_servers=bootstrap_servers, health_port=None, kafka=kafka, **settings),
        middleware=middleware,
        listeners=listeners,
        ordering={task_type.topic: ordering},
        retry_order={task_type.topic: retry_order},
    )
    worker.task(task_type, retry=retry, timeout=timeout, breaker=breaker)(handler)
    return worker


@contextmanager
def running(worker: Worker) -> Iterator[Worker]:
    """Run a worker in a thread; stop it at the end, and raise what it raised."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            worker.run()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name=f"worker-{worker.group}", daemon=True)
    thread.start()
    try:
        yield worker
    finally:
        stop(worker, thread)
        if errors:
            raise errors[0]  # also where the test failed: this is why


def stop(worker: Worker, thread: threading.Thread) -> None:
    worker.stop()
    thread.join(STOP_TIMEOUT)
    if thread.is_alive():
        raise AssertionError(f"the worker did not stop within {STOP_TIMEOUT:g} s")
