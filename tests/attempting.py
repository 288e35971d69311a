"""A worker with one handler, and the attempts that are made with it under a clock that stands still."""

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from types import TracebackType
from typing import Any, Self

from stillframe.consumer import Retry, Worker, WorkerSettings
from stillframe.consumer.dispatch.attempt import Attempts
from stillframe.consumer.events import Event
from stillframe.consumer.handler import Middleware
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.end import End
from tests.arrivals import Email, email_arrival, send_email

MOMENT = datetime(2030, 1, 1, tzinfo=UTC)
NOW = round(MOMENT.timestamp() * 1_000)


class Bench:
    """Makes attempts, and closes what they opened."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._opened: list[Attempts] = []

    def attempts(
        self,
        handler: Callable[..., Any],
        *,
        retry: Retry | None = None,
        timeout: float | None = None,
        middleware: tuple[Middleware, ...] = (),
        **settings: Any,
    ) -> Attempts:
        worker = Worker("mailer", WorkerSettings(**settings), middleware=middleware)
        worker.task(send_email, retry=retry, timeout=timeout)(handler)
        made = Attempts(worker, self.events.append, now=lambda: NOW, random=Random(0), state="state")
        self._opened.append(made)
        return made

    def end(self, handler: Callable[..., Any], attempted: Arrival | None = None, **options: Any) -> End:
        return self.attempts(handler, **options).run(attempted or email_arrival())

    def failing(self, error: BaseException, attempt: int = 1, **options: Any) -> End:
        def handler(email: Email) -> None:
            raise error

        return self.end(handler, email_arrival(attempt=attempt), **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for each in self._opened:
            each.close()
