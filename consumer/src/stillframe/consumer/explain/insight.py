"""Collects the facts: a listener for what happens, and a look at what is there when somebody asks.

Whoever asks does so in a thread of its own, while the poll thread works on: each look copies what it
needs in one step, and nothing waits for the poll thread, which may be just what does not move.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple, Protocol

from stillframe.consumer.dispatch.answers import Rest
from stillframe.consumer.events import (
    AttemptEnded,
    AttemptStarted,
    ClientTrouble,
    CommitFailed,
    Committed,
    Draining,
    Event,
    HandlerCrashed,
    HandOffFailed,
    HearsAttempts,
    LogsMeasured,
    PartitionsLost,
    PartitionsRevoked,
    Turned,
)
from stillframe.consumer.explain.facts import Oldest, PartitionFacts, State, WorkerFacts
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.outcome.breaker import State as Circuit
from stillframe.consumer.outcome.handoff import HandOff

#: Seconds after which a trouble of the client is no news any more.
RECENT = 30.0


class HandOffsUnderWay(Protocol):
    """The part of the settlement that is looked at."""

    def under_way(self) -> tuple[HandOff, ...]: ...


class Resting(Protocol):
    """The part of the executors that is looked at."""

    def rest(self, partition: Partition, offset: int) -> Rest | None: ...


class Attempt(NamedTuple):
    """What is told of an attempt that runs."""

    since: float
    thread: str
    task_type: str
    task_id: str


class Insight(HearsAttempts):
    """Knows what :class:`WorkerFacts` asks for. Safe in many threads.

    Args:
        threads: how many handlers run at the same time.
    """

    def __init__(self, group: str, threads: int) -> None:
        self._group = group
        self._threads = threads
        self._assignment: Assignment | None = None
        self._handoffs: HandOffsUnderWay | None = None
        self._executors: Resting | None = None
        self._running: dict[Arrival, tuple[AttemptStarted, float, int]] = {}
        self.of_attempts = {AttemptStarted: self._started, AttemptEnded: self._ended}
        self._ends: dict[Partition, int] = {}
        self._committed: dict[Partition, float] = {}
        self._errors: dict[Partition, str] = {}
        self._commit_error: str | None = None
        self._trouble: tuple[float, str] | None = None
        self._draining: str | None = None
        self._turn = Turned((), 0, 0, 0)
        self._turned: float | None = None

    def attach(self, assignment: Assignment, handoffs: HandOffsUnderWay, executors: Resting) -> None:
        """The stations of the run, once they are there."""
        self._assignment, self._handoffs, self._executors = assignment, handoffs, executors

    def __call__(self, event: Event) -> None:
        match event:
            case AttemptStarted():
                self._started(event)
            case AttemptEnded() | HandlerCrashed():
                self._ended(event)
            case Turned():
                self._turn, self._turned = event, time.monotonic()
            case Committed(partitions):
                self._commit_error = None
                self._committed |= dict.fromkeys(partitions, time.monotonic())
            case _:
                self._heard_seldom(event)

    def _started(self, event: AttemptStarted) -> None:
        self._running[event.arrival] = event, time.monotonic(), threading.get_ident()

    def _ended(self, event: AttemptEnded | HandlerCrashed) -> None:
        self._running.pop(event.arrival, None)

    def _heard_seldom(self, event: Event) -> None:
        match event:
            case CommitFailed(error):
                self._commit_error = f"commit: {error}"
            case HandOffFailed(arrival, topic, error):
                self._errors[arrival.partition] = f"writing to {topic}: {error}"
            case ClientTrouble(_, detail):
                self._trouble = time.monotonic(), detail
            case LogsMeasured(logs):
                self._ends |= {partition: bounds.end for partition, bounds in logs.items()}
            case Draining(reason):
                self._draining = reason
            case PartitionsRevoked(partitions) | PartitionsLost(partitions):
                for partition in partitions:
                    for known in (self._ends, self._committed, self._errors):
                        known.pop(partition, None)

    @property
    def running(self) -> dict[Arrival, Attempt]:
        """What is in its handler."""
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        return {
            arrival: Attempt(since, names.get(thread, ""), event.task_type, event.task_id)
            for arrival, (event, since, thread) in self._running.copy().items()
        }

    @property
    def under_way(self) -> tuple[HandOff, ...]:
        """Writes to a next topic that are not acknowledged."""
        return () if self._handoffs is None else self._handoffs.under_way()

    def facts(self) -> WorkerFacts:
        """What is so now."""
        now = time.monotonic()
        running = {(each.partition, each.record.offset): attempt for each, attempt in self.running.items()}
        handing = {(h.arrival.partition, h.arrival.record.offset): h for h in self.under_way}
        owned = list(self._assignment or ())
        trouble = self._trouble
        return WorkerFacts(
            self._group,
            self._threads,
            self._turn.running,
            self._turn.queued,
            self._turn.waiting,
            None if self._turned is None else now - self._turned,
            self._draining,
            None if trouble is None or now - trouble[0] > RECENT else trouble[1],
            self._turn.held_back,
            tuple(self._partition(each, running, handing, now) for each in owned),
        )

    def _partition(
        self,
        partition: Partition,
        running: Mapping[tuple[Partition, int], Attempt],
        handing: Mapping[tuple[Partition, int], HandOff],
        now: float,
    ) -> PartitionFacts:
        ledger, committed_at = partition.ledger, self._committed.get(partition)
        unfinished, frontier = ledger.unfinished, _frontier(partition)
        place = partition, frontier
        return PartitionFacts(
            partition.topic,
            partition.number,
            unfinished,
            ledger.bytes,
            frontier,
            frontier + ledger.span,
            None if partition.committed is None else partition.committed.offset,
            self._ends.get(partition),
            partition.paused,
            partition.stopped,
            partition.leaving,
            partition.held,
            None if committed_at is None else now - committed_at,
            self._errors.get(partition) if partition.held else self._commit_error,
            self._oldest(place, running, handing.get(place), now) if unfinished else None,
        )

    def _oldest(
        self,
        place: tuple[Partition, int],
        running: Mapping[tuple[Partition, int], Attempt],
        handoff: HandOff | None,
        now: float,
    ) -> Oldest:
        partition, offset = place
        attempt = running.get(place)
        if attempt is not None:
            return Oldest(
                offset, State.RUNNING, None, attempt.task_id, attempt.task_type, now - attempt.since, attempt.thread
            )
        if handoff is not None:
            return Oldest(offset, State.HANDING_OVER, handoff.arrival.state.attempt, to_topic=handoff.hop.topic)
        rest = None if self._executors is None else self._executors.rest(partition, offset)
        return Oldest(offset, State.QUEUED) if rest is None else _at_rest(rest, running, now)


def _at_rest(rest: Rest, running: Mapping[tuple[Partition, int], Attempt], now: float) -> Oldest:
    arrival, before = rest.arrival, rest.behind
    told = partial(
        Oldest,
        arrival.record.offset,
        attempt=arrival.state.attempt,
        task_type=arrival.task_type or None,
    )
    if rest.due is not None:
        return told(State.WAITING, due_in=max(0.0, rest.due / 1_000 - time.time()))
    if before is None:
        circuit = None if rest.circuit is Circuit.CLOSED else rest.circuit.value
        return told(State.QUEUED, alone=rest.alone, circuit=circuit)
    ahead = running.get((before.partition, before.record.offset))
    return told(State.QUEUED, behind=(before.record.offset, None if ahead is None else now - ahead.since))


def _frontier(partition: Partition) -> int:
    """The lowest offset without an outcome. While it is looked for the poll thread may book an end."""
    while True:
        try:
            return partition.ledger.committable
        except RuntimeError:
            continue
