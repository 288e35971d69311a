"""What a worker writes down: attempts as its handlers see them, everything else as its events tell it."""

import threading
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from stillframe.consumer import TaskContext
from stillframe.consumer.events import (
    AttemptEnded,
    AttemptStarted,
    CommitFailed,
    Committed,
    Event,
    HandedOff,
    HandOffFailed,
    PartitionsAssigned,
    PartitionsLost,
    PartitionsRevoked,
    WorkerStopped,
)
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.outcome.end import Retry
from stillframe.consumer.progress.ledger import CommitPoint
from stillframe.schemas import Task
from tests.chaos.journal import Journal

Position = tuple[str, int, int]


class Witness:
    """A listener and a middleware that share a journal.

    Starts and finishes come from the middleware, which is where a user's code is: that an attempt ran, and
    that its handler returned, must not be taken from the engine's own word. Two things it cannot know: in
    which ownership of a partition the record was received, and how the engine judged the end. Events tell
    them, in the handler's own thread.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._ownerships: dict[Partition, int] = {}
        self._numbers = count(1)
        self._runs = count(1)
        self._thread = threading.local()

    def listener(self, event: Event) -> None:
        """Write down what an event says of ownership, commits and hand-offs."""
        match event:
            case AttemptStarted(arrival):
                self._thread.ownership, self._thread.run = self._ownerships[arrival.partition], None
            case AttemptEnded(arrival, end=end):
                due = end.due if isinstance(end, Retry) else None
                run, self._thread.run = getattr(self._thread, "run", None), None
                self._write("ended", run=run, where=_where(arrival), end=type(end).__name__.lower(), due=due)
            case HandedOff(arrival, topic):
                self._write("handed_off", where=_where(arrival), topic=topic)
            case HandOffFailed(arrival, topic, error):
                self._write("handoff_failed", where=_where(arrival), topic=topic, error=error)
            case Committed(partitions):
                self._write("committed", positions=[(p.topic, p.number, *_point(p)) for p in partitions])
            case CommitFailed(error):
                self._write("commit_failed", error=error)
            case _:
                self._owner(event)

    def middleware(self, task: Task[Any], context: TaskContext, call_next: Callable[[], Any]) -> Any:
        """Write down an attempt's start, and its end if it has one."""
        delivery = context.delivery
        run = self._thread.run = next(self._runs)
        self._write(
            "started",
            run=run,
            ownership=self._thread.ownership,
            task=context.task_id,
            attempt=context.attempt,
            key=(task.key or b"").decode(),
            where=(delivery.topic, delivery.partition, delivery.offset),
        )
        well = False
        try:
            result = call_next()
            well = True
        finally:
            self._write("finished", run=run, well=well)
        return result

    def _owner(self, event: Event) -> None:
        match event:
            case PartitionsAssigned(partitions):
                self._ownerships |= {partition: next(self._numbers) for partition in partitions}
                self._write("assigned", positions=[self._start(partition) for partition in partitions])
            case PartitionsRevoked(partitions):
                self._write("revoked", ownerships=self._held(partitions), unfinished=_left(event))
            case PartitionsLost(partitions):
                self._write("lost", ownerships=self._held(partitions))
            case WorkerStopped():
                self._write("stopped", unfinished=_left(event))

    def _start(self, partition: Partition) -> tuple[str, int, int, str, int]:
        """Where an ownership starts."""
        return partition.topic, partition.number, *_point(partition), self._ownerships[partition]

    def _held(self, partitions: Sequence[Partition]) -> list[int]:
        return [self._ownerships[partition] for partition in partitions]

    def _write(self, kind: str, **facts: object) -> None:
        self._journal.write(kind, **facts)


def _point(partition: Partition) -> CommitPoint:
    """What is committed, and its map; a partition without any commit starts where its log does."""
    return partition.committed or CommitPoint(partition.ledger.committable, "")


def _where(arrival: Arrival) -> Position:
    record = arrival.record
    return record.topic, record.partition, record.offset


def _left(event: PartitionsRevoked | WorkerStopped) -> list[Position]:
    """What it says will be delivered again."""
    return [_where(arrival) for arrival in (*event.unfinished, *event.unwritten)]
