"""For tests of applications: a producer that keeps tasks in memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from stillframe.producer.client import CLOSED
from stillframe.producer.durability import Durability
from stillframe.producer.errors import ProducerClosed, SubmitFailed, SubmitUnknown
from stillframe.producer.producer import Producer
from stillframe.producer.receipt import Receipt
from stillframe.producer.report import Report
from stillframe.producer.sender import OnReport
from stillframe.producer.settings import ProducerSettings
from stillframe.producer.submission import Submission, SubmitOptions
from stillframe.schemas.errors import StillframeError
from stillframe.schemas.record import Record, RecordHeaders
from stillframe.schemas.task import Task
from stillframe.schemas.task_type import P, TaskType
from stillframe.schemas.wire import decode, peek_type

__all__ = ["RecordingProducer"]


class RecordingProducer(Producer):
    """A :class:`Producer` without Kafka: every task is acknowledged at once, and can be looked at.

    All but Kafka is the real thing: arguments are checked, and each task goes onto the wire and is
    read back from it, so that :attr:`tasks` holds what a worker would get.
    """

    def __init__(
        self,
        settings: ProducerSettings | None = None,
        *,
        on_report: Callable[[Receipt], object] | None = None,
    ) -> None:
        self._recorder = Recorder()
        super().__init__(settings, on_report=on_report)

    @property
    def tasks(self) -> list[Task[Any]]:
        """What was submitted, in order, each payload an instance of its task type's model."""
        return self._recorder.tasks

    @property
    def records(self) -> list[Record]:
        """The same as Kafka would hold it; a topic has one partition here."""
        return self._recorder.records

    def fail_next(self, error: StillframeError) -> None:
        """Let the next task submitted end with this error, and record nothing of it.

        ``SubmitFailed`` and ``SubmitUnknown`` come with the report, any other error from the call
        itself. Calling it again fails the one after.
        """
        self._recorder.failures.append(error)

    def _client(self, durability: Durability) -> Recorder:  # noqa: ARG002 - one memory for all
        return self._recorder

    def _prepare(self, task_type: TaskType[P], payload: P, options: SubmitOptions) -> Submission[P]:
        self._recorder.types[task_type.name] = task_type
        return super()._prepare(task_type, payload, options)


class Recorder:
    """Stands in for a :class:`~stillframe.producer.client.Client`."""

    healthy = True

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.tasks: list[Task[Any]] = []
        self.types: dict[str, TaskType[Any]] = {}
        self.failures: deque[StillframeError] = deque()
        self._closed = False
        self._lock = threading.Lock()

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: RecordHeaders = (),
        *,
        timeout: float,  # noqa: ARG002 - there is always a place
        on_report: OnReport,
    ) -> None:
        if self._closed:
            raise ProducerClosed(CLOSED)
        failure = self.failures.popleft() if self.failures else None
        if isinstance(failure, SubmitFailed | SubmitUnknown):
            on_report(Report(topic, -1, -1, failure))
        elif failure is not None:
            raise failure
        else:
            on_report(self._record(topic, key, value, headers))

    async def asend(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: RecordHeaders = (),
        *,
        timeout: float,  # noqa: ASYNC109 - the twin of send()
        on_report: OnReport,
    ) -> None:
        self.send(topic, key, value, headers, timeout=timeout, on_report=on_report)

    def connect(self) -> None:
        """There is nothing to connect to."""

    def flush(self, timeout: float) -> int:  # noqa: ARG002 - everything is reported at once
        return 0

    def close(self, timeout: float) -> int:  # noqa: ARG002
        self._closed = True
        return 0

    def _record(self, topic: str, key: bytes | None, value: bytes | None, headers: RecordHeaders) -> Report:
        with self._lock:
            offset = sum(record.topic == topic for record in self.records)
            record = Record(topic, key, value, headers, partition=0, offset=offset)
            self.tasks.append(decode(record, self.types[peek_type(record)]))
            self.records.append(record)
        return Report(topic, 0, offset)
