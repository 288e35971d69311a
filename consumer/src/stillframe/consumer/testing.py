"""For tests of applications: a worker's handlers, retries and dead letters in memory, under a virtual clock.

.. code-block:: python

    with WorkerHarness(worker) as harness:
        harness.submit(send_email, Email(to="ada@example.com"))
        harness.run_until_idle()
        harness.advance(60)
        assert [each.task_type for each in harness.done] == ["send_email"]

All but Kafka, threads and time is the real thing: the wire, lanes, attempts, middleware, backoff,
retries in either order, retry and dead-letter headers. A topic has one partition here. The clock
moves only when told to, and starts at the real time. Only an ``async def`` handler's own timeout is
measured in real seconds; a ``def`` handler's is not enforced.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from types import TracebackType
from typing import Any, Self, Unpack

from confluent_kafka import Message

from stillframe.consumer.dispatch.attempt import Attempts
from stillframe.consumer.dispatch.desk import keeps_its_lane
from stillframe.consumer.dispatch.executors import epoch_milliseconds
from stillframe.consumer.dispatch.lanes import Lanes
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.intake.receive import Receiver
from stillframe.consumer.outcome.classify import Failure
from stillframe.consumer.outcome.end import Dead, Done, End, Retry, Skipped
from stillframe.consumer.outcome.hop import after_failure, next_hop
from stillframe.consumer.outcome.waiting import DueHeap
from stillframe.consumer.progress.ledger import Ledger
from stillframe.consumer.worker import Worker
from stillframe.producer.settings import ProducerSettings
from stillframe.producer.submission import SubmitOptions, check_options, prepare
from stillframe.schemas import DefinitionError, Record, Task, TaskType, encode
from stillframe.schemas.headers import CE_ID, CE_TYPE
from stillframe.schemas.record import RecordHeaders
from stillframe.schemas.task_type import P

__all__ = ["Ended", "Waiting", "WorkerHarness"]


@dataclass(frozen=True, slots=True)
class Ended:
    """A task that has come to its end.

    Attributes:
        task_id, task_type: from the record's headers; empty where it has none.
        attempt: the attempt that was its last.
        record: where it ended: in the dead-letter topic, with its headers, if ``cause`` is set.
        cause: why it was given up; ``None`` if it was done, or had expired.
    """

    task_id: str
    task_type: str
    attempt: int
    record: Record
    cause: Failure | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that waits for its time.

    Attributes:
        attempt: the one that comes next.
        due: when it comes.
        topic: where the record lies: in a retry topic, or, as long as it waits in memory, where it was.
    """

    task_id: str
    task_type: str
    attempt: int
    due: datetime
    topic: str


class WorkerHarness:
    """Runs a worker's tasks in the calling thread. To be entered: the worker's lifespan lasts as long.

    Attributes:
        done, dead, skipped: the tasks that have ended, in that order.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._clock = epoch_milliseconds()
        self._exits = ExitStack()
        self._attempts: Attempts | None = None
        self._assignment = Assignment(worker.families())
        for topic in self._assignment.topics:
            self._assignment.add(topic, 0, Ledger(0))
        self._receiver = Receiver(worker.ordering, worker.retry_order, worker.executors)
        self._lanes: Lanes[Arrival] = Lanes()
        self._waiting: DueHeap[Arrival] = DueHeap()
        self._due: dict[Arrival, int] = {}
        self._heads: set[Arrival] = set()
        self._memory_wait = round(worker.settings.memory_wait * 1_000)
        self._ends = dict.fromkeys((name for family in worker.families() for name in family.names), 0)
        self.done: list[Ended] = []
        self.dead: list[Ended] = []
        self.skipped: list[Ended] = []

    def __enter__(self) -> Self:
        state = self._exits.enter_context(self._worker.lifespan())
        random = Random(0)  # noqa: S311 - jitter, the same at every run
        self._attempts = Attempts(self._worker, lambda _: None, state=state, now=lambda: self._clock, random=random)
        self._exits.callback(self._attempts.close)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._exits.__exit__(kind, error, at)

    @property
    def now(self) -> datetime:
        """The virtual time."""
        return datetime.fromtimestamp(self._clock / 1_000, UTC)

    @property
    def waiting(self) -> list[Waiting]:
        """Retries and tasks with an ETA, the next one first."""
        return [_waiting(*entry) for entry in sorted(self._due.items(), key=lambda entry: entry[1])]

    def submit(self, task_type: TaskType[P], payload: P, **options: Unpack[SubmitOptions]) -> str:
        """Submit a task at the virtual time, as a ``Producer`` does; returns its id.

        Raises:
            EncodeError: as :meth:`stillframe.producer.Producer.submit`.
        """
        check_options(options, SubmitOptions)
        settings = ProducerSettings(max_task_bytes=self._worker.settings.max_task_bytes)
        submission = prepare(task_type, payload, options, settings=settings, now=self.now)
        self._append(submission.topic, *submission.wire)
        return submission.task_id

    def deliver(self, what: Task[Any] | Record) -> None:
        """Deliver a task, or a record with whatever bytes it holds, such as those of a ``RecordingProducer``.

        Raises:
            DefinitionError: the worker has no handler for the task, or does not read the record's topic.
        """
        if isinstance(what, Record):
            self._append(what.topic, what.key, what.value, what.headers)
            return
        handler = self._worker.handler(what.type)
        if handler is None:
            raise DefinitionError(f"worker {self._worker.group!r} has no handler for task type {what.type!r}")
        self._append(handler.task_type.topic, *encode(what))

    def run_until_idle(self) -> None:
        """Run what is due now, and what becomes due by that. Time stands still.

        Raises:
            CrashedHandler: a handler raised SystemExit, KeyboardInterrupt or MemoryError.
        """
        if self._attempts is None:
            raise DefinitionError("WorkerHarness is a context manager: with WorkerHarness(worker) as harness: …")
        while True:
            for arrival in self._waiting.pop_due(self._clock):
                del self._due[arrival]
                put = self._lanes.put_back if arrival in self._heads else self._lanes.add
                self._heads.discard(arrival)
                put(arrival)
            taken = next(filter(None, map(self._lanes.take, Executor)), None)
            if taken is None:
                return
            self._settle(taken, self._attempts.run(taken))
            if taken not in self._heads:
                self._lanes.open(taken)

    def advance(self, seconds: float) -> None:
        """Let time go by, and run each task that becomes due at its very time.

        Raises:
            CrashedHandler: as :meth:`run_until_idle`.
        """
        until = self._clock + round(seconds * 1_000)
        self.run_until_idle()
        while (due := self._waiting.next_due) is not None and due <= until:
            self._clock = max(self._clock, due)
            self.run_until_idle()
        self._clock = until

    def _append(self, topic: str, key: bytes | None, value: bytes | None, headers: RecordHeaders) -> Record:
        """Write a record to the end of its topic; one that the worker reads arrives at once."""
        if topic not in self._ends:
            raise DefinitionError(f"worker {self._worker.group!r} has nothing to do with topic {topic!r}")
        record = Record(topic, key, value, headers, partition=0, offset=self._ends[topic])
        self._ends[topic] += 1
        if (partition := self._assignment.get(topic, 0)) is not None:
            arrival = self._receiver.arrival(_message(record), partition, self._clock)
            if arrival.due > self._clock:
                self._wait(arrival, arrival.due)
            else:
                self._lanes.add(arrival)
        return record

    def _wait(self, arrival: Arrival, due: int) -> None:
        self._due[arrival] = due
        self._waiting.push(due, arrival)

    def _settle(self, arrival: Arrival, end: End) -> None:
        match end:
            case Done():
                self.done.append(_ended(arrival, arrival.record))
            case Skipped():
                self.skipped.append(_ended(arrival, arrival.record))
            case Retry() if keeps_its_lane(arrival, end):
                arrival.state = after_failure(arrival.state, end, self._clock)
                self._heads.add(arrival)
                self._wait(arrival, end.due)
            case Retry() if end.due - self._clock <= self._memory_wait:
                arrival.state = after_failure(arrival.state, end, self._clock)
                self._wait(arrival, end.due)
            case Retry():
                self._hand_off(arrival, end)
            case Dead():
                self.dead.append(_ended(arrival, self._hand_off(arrival, end), end.failure))

    def _hand_off(self, arrival: Arrival, end: Retry | Dead) -> Record:
        hop = next_hop(arrival, end, self._clock)
        return self._append(hop.topic, arrival.record.key, arrival.record.value, hop.headers)


def _message(record: Record) -> Message:
    return Message(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=list(record.headers),
    )


def _ended(arrival: Arrival, record: Record, cause: Failure | None = None) -> Ended:
    return Ended(*_who(record), arrival.state.attempt, record, cause)


def _waiting(arrival: Arrival, due: int) -> Waiting:
    at = datetime.fromtimestamp(due / 1_000, UTC)
    return Waiting(*_who(arrival.record), arrival.state.attempt, at, arrival.record.topic)


def _who(record: Record) -> tuple[str, str]:
    task_id, task_type = ((record.header(name) or b"").decode(errors="replace") for name in (CE_ID, CE_TYPE))
    return task_id, task_type
