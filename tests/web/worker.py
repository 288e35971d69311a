"""The worker of the web applications: it tells all that it knows of a task, and fails it, first for a while."""

import logging
import os

from stillframe.consumer import PermanentError, Retry, TaskContext, Worker
from tests.engine.work import group_of
from tests.producing import Email, email_type
from tests.web.watched import be_watched

be_watched()


def teller(topic: str) -> Worker:
    """A worker whose tasks each pass through a retry topic into the dead-letter topic."""
    worker = Worker(group_of(topic))

    @worker.task(email_type(topic), retry=Retry(base=1, cap=1, jitter=0), breaker=None)
    def tell(email: Email, context: TaskContext) -> None:
        snapshot = context.snapshot
        known: list[object] = [email, snapshot, context, context.headers]
        if snapshot is not None:
            known += [dict(snapshot.headers), snapshot.client]
        logging.getLogger("teller").warning("known: %r", known)
        if context.attempt == 1:
            raise ConnectionError("for a while")
        raise PermanentError("for good")

    return worker


worker = teller(os.environ.get("TOPIC", "emails"))
