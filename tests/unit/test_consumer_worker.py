"""Worker: what it is told about its topics is checked before anything is consumed."""

from collections.abc import Callable
from typing import Any

import pytest

from stillframe.consumer import Ordering, TaskContext, Tasks, Worker, WorkerSettings
from stillframe.schemas import DefinitionError, Task, TaskType
from tests.arrivals import Email, send_email


def test_making_a_worker_does_no_io() -> None:
    """There need be no broker where a worker is declared."""
    worker = Worker("mailer", WorkerSettings(bootstrap_servers="nowhere.invalid:1"))
    worker.task(send_email)(lambda email: None)
    names = worker.families()[0].names
    assert names == (
        "emails", "emails.mailer.retry.1m", "emails.mailer.retry.10m", "emails.mailer.retry.1h",
        "emails.mailer.dlq",
    )  # fmt: skip


def test_a_worker_without_handlers_is_refused() -> None:
    """It would consume nothing and look healthy."""
    with pytest.raises(DefinitionError, match=r"worker 'mailer' has no handler: decorate one with @worker\.task"):
        Worker("mailer").families()


def test_an_ordering_for_no_topic_is_refused() -> None:
    """A misspelt topic would silently be ordered by key."""
    worker = Worker("mailer", ordering={"email": Ordering.UNORDERED})
    worker.task(send_email)(lambda email: None)
    with pytest.raises(DefinitionError, match=r"ordering names \['email'\], the task topics are \['emails'\]"):
        worker.families()


def test_topics_that_collide_are_refused() -> None:
    """A task topic that is another's dead-letter topic, or differs by a dot, would mix two queues."""
    worker = Worker("mailer")
    worker.task(send_email)(lambda email: None)
    worker.task(TaskType("other", Email, topic="emails_mailer_dlq"))(lambda email: None)
    with pytest.raises(DefinitionError, match=r"'emails\.mailer\.dlq' and 'emails_mailer_dlq' collide"):
        worker.families()


@pytest.mark.parametrize("group", ["", "my group", "g" * 250])
def test_a_group_that_makes_no_topic_name_is_refused(group: str) -> None:
    """The group is part of the names of its retry topics."""
    worker = Worker(group)
    worker.task(send_email)(lambda email: None)
    with pytest.raises(DefinitionError, match="is not a legal Kafka name"):
        worker.families()


def test_tasks_of_a_module_are_included() -> None:
    """A module declares its own handlers; the worker takes them over."""
    tasks, worker = Tasks(), Worker("mailer")
    tasks.task(send_email)(lambda email: None)
    worker.include(tasks)
    assert worker.handler("send_email") is tasks.handler("send_email")


def test_async_middleware_is_refused() -> None:
    """It wraps ``def`` handlers as well, which an event loop must not run: it has to be a plain function."""

    async def middleware(task: Task[Any], context: TaskContext, call_next: Callable[[], Any]) -> Any:
        return call_next()

    with pytest.raises(DefinitionError, match="middleware"):
        Worker("mailer", middleware=[middleware])
