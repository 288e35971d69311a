"""The catalogue of what happens in a worker, one class an event; none is ever changed.

The engine emits, listeners look: logs, metrics, health. No listener can change what happens, and
one that raises is reported and passed over. An event is emitted by the thread in which it
happens, so a listener must be safe in many threads and must not block.
"""

from __future__ import annotations

import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import LogBounds, Partition
from stillframe.consumer.outcome.breaker import State
from stillframe.consumer.outcome.end import End


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that an operator should change, such as a broker without TLS."""

    text: str


@dataclass(frozen=True, slots=True)
class WorkerStarted:
    """The worker joins its group to read these topics, its retry topics among them."""

    group: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CrashFound:
    """The process before this one, under the same supervisor, was killed from within.

    Attributes:
        crashes: how often that has happened under this supervisor.
        suspects: how many attempts were in flight.
        wait: seconds until this process joins the group.
    """

    reason: str
    crashes: int
    suspects: int
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class SuspectMarked:
    """A record was in flight when a process crashed.

    Attributes:
        crashes: deliveries of it that have ended so.
        alone: those among them in which nothing else was in flight.
    """

    topic: str
    number: int
    offset: int
    crashes: int
    alone: int


@dataclass(frozen=True, slots=True)
class PartitionsAssigned:
    """After the committed offsets were read, before the first record."""

    partitions: Sequence[Partition]


@dataclass(frozen=True, slots=True)
class PartitionsRevoked:
    """After the drain and the commit: these have no outcome when its time is over, and will be delivered again.

    ``unfinished`` are in their handlers; the write of ``unwritten`` to their next topic is not acknowledged.
    """

    partitions: Sequence[Partition]
    unfinished: Sequence[Arrival]
    unwritten: Sequence[Arrival]


@dataclass(frozen=True, slots=True)
class PartitionsLost:
    """The group went on without this worker; nothing was committed."""

    partitions: Sequence[Partition]


@dataclass(frozen=True, slots=True)
class MembershipDoubted:
    """The poll thread had not turned for ``seconds``: others may own our partitions by now. Nothing starts."""

    seconds: float


@dataclass(frozen=True, slots=True)
class MembershipProved:
    """The broker has accepted a commit since: tasks start again."""


@dataclass(frozen=True, slots=True)
class PartitionPaused:
    """Nothing more is read of the partition for now; ``reason`` says what holds it back."""

    partition: Partition
    reason: str


@dataclass(frozen=True, slots=True)
class PartitionResumed:
    """The partition is read again."""

    partition: Partition


@dataclass(frozen=True, slots=True)
class PartitionStopped:
    """The client cannot read on; the partition stays assigned and silent until an operator acts."""

    partition: Partition
    reason: str


@dataclass(frozen=True, slots=True)
class LogsMeasured:
    """Where the broker says that the owned partitions' logs begin and end, and which topics do not exist.

    A partition that it told nothing of is left out. ``forbidden`` are topics that this principal may not even
    describe; ``answered`` is false if the broker told nothing at all.
    """

    logs: Mapping[Partition, LogBounds]
    missing: Sequence[str]
    forbidden: Sequence[str] = ()
    answered: bool = True


# These two come with every task, and to make a frozen one takes three times as long.
@dataclass(slots=True, unsafe_hash=True)
class AttemptStarted:
    """A task has its thread, or its place on the event loop."""

    arrival: Arrival
    task_type: str
    task_id: str


@dataclass(slots=True, unsafe_hash=True)
class AttemptEnded:
    """``seconds`` is the handler's time; a task that never got to its handler has none."""

    arrival: Arrival
    task_type: str
    task_id: str
    end: End
    seconds: float


@dataclass(frozen=True, slots=True)
class AttemptTimedOut:
    """The handler's timeout is over; a thread goes on until it returns by itself."""

    arrival: Arrival


@dataclass(frozen=True, slots=True)
class CircuitBreakerChanged:
    """A task type is held back from now on, or tried with a few tasks, or flows again; ``reason`` says why."""

    task_type: str
    state: State
    reason: str


@dataclass(frozen=True, slots=True)
class DeadLettersStopped:
    """The handler of a task type fails everything: after ``written`` no more dead letters of it are written."""

    task_type: str
    written: int


@dataclass(frozen=True, slots=True)
class DeadLettersResumed:
    """Enough of the type was done: what is given up goes to the dead-letter topic again."""

    task_type: str


@dataclass(frozen=True, slots=True)
class EventLoopBlocked:
    """Something has run on the event loop for ``seconds`` without awaiting: no other ``async def`` handler can go on.

    Attributes:
        arrival: whose handler it is, if that can be told.
        place: where in the code it was seen.
    """

    arrival: Arrival | None
    place: str
    seconds: float


@dataclass(frozen=True, slots=True)
class HandlerCrashed:
    """SystemExit, KeyboardInterrupt or MemoryError out of a handler: the worker drains and ends."""

    arrival: Arrival
    error_type: str


@dataclass(frozen=True, slots=True)
class SuspectIsolated:
    """The task has ended its process before, or was beside one that did: it now runs, and nothing beside it."""

    arrival: Arrival


@dataclass(frozen=True, slots=True)
class TaskCondemned:
    """The task has killed its process time and again, alone: it goes to the dead-letter topic unrun."""

    arrival: Arrival


@dataclass(frozen=True, slots=True)
class HandedOff:
    """The broker has acknowledged the record in a retry or dead-letter topic."""

    arrival: Arrival
    topic: str
    end: End


@dataclass(frozen=True, slots=True)
class HandOffFailed:
    """The broker has refused the record; its offset is held, its partition paused, and it is tried again."""

    arrival: Arrival
    topic: str
    error: str


@dataclass(frozen=True, slots=True)
class Committed:
    """The broker has acknowledged offsets of these partitions."""

    partitions: Sequence[Partition]


@dataclass(frozen=True, slots=True)
class CommitFailed:
    """Nothing is lost: the offsets stay due and go out again while the partitions are still ours."""

    error: str


@dataclass(frozen=True, slots=True)
class ClientTrouble:
    """librdkafka reports an error that it goes on from, such as a broker that is down."""

    error: str
    detail: str


@dataclass(frozen=True, slots=True)
class Turned:
    """The poll loop has gone round: the pulse of liveness.

    Attributes:
        stuck: how many of those that run have outlived their timeout.
        held_back: how many circuit breakers hold back.
        held_back_of: the same by partition, as of a second ago at most; of the others 0.
    """

    partitions: Sequence[Partition]
    running: int
    queued: int
    waiting: int
    stuck: int = 0
    held_back: int = 0
    held_back_of: Mapping[Partition, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draining:
    """No new task is started any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class GraceOver:
    """The grace period of a stop is over, and these have not ended: they will be delivered again.

    ``unfinished`` are in their handlers; the write of ``unwritten`` to their next topic is not acknowledged.
    """

    unfinished: Sequence[Arrival]
    unwritten: Sequence[Arrival]


@dataclass(frozen=True, slots=True)
class WorkerStopped:
    """All is let go. What :class:`GraceOver` named and has not ended since will be delivered again."""

    unfinished: Sequence[Arrival]
    unwritten: Sequence[Arrival]


Event = (
    Warned
    | WorkerStarted
    | CrashFound
    | SuspectMarked
    | PartitionsAssigned
    | PartitionsRevoked
    | PartitionsLost
    | MembershipDoubted
    | MembershipProved
    | PartitionPaused
    | PartitionResumed
    | PartitionStopped
    | LogsMeasured
    | AttemptStarted
    | AttemptEnded
    | AttemptTimedOut
    | CircuitBreakerChanged
    | DeadLettersStopped
    | DeadLettersResumed
    | EventLoopBlocked
    | HandlerCrashed
    | SuspectIsolated
    | TaskCondemned
    | HandedOff
    | HandOffFailed
    | Committed
    | CommitFailed
    | ClientTrouble
    | Turned
    | Draining
    | GraceOver
    | WorkerStopped
)
Listener = Callable[[Event], None]


#: What hears the events of one class.
Hears = Callable[[Any], object]


class HearsAttempts(ABC):
    """A listener of ours that says what hears in its place the events that come with every task.

    Attributes:
        of_attempts: by class of event, a method that loses no time to find out which it is; ``None`` hears nothing.
    """

    of_attempts: Mapping[type, Hears | None]

    @abstractmethod
    def __call__(self, event: Event) -> None: ...


class Events:
    """Sends each event to every listener, in order."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = tuple(listeners)
        self._of_attempts: dict[type, list[Hears]] = {
            kind: [hears for each in listeners if (hears := _hears(each, kind)) is not None]
            for kind in (AttemptStarted, AttemptEnded)
        }

    def emit(self, event: Event) -> None:
        for hears in self._of_attempts.get(type(event), self._listeners):
            try:
                hears(event)
            except Exception:  # noqa: BLE001 - seeing must never change what happens
                traceback.print_exc(file=sys.stderr)


def _hears(listener: Listener, kind: type) -> Hears | None:
    return listener.of_attempts.get(kind, listener) if isinstance(listener, HearsAttempts) else listener
