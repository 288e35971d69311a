"""What a worker says of itself when it is asked why a partition does not move. Pure.

The same on the ``/explain`` page, in the log after SIGUSR1, and in ``stillframe explain``. Promise I10: no
payload, no key, no header.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a task without an outcome is."""

    RUNNING = "running"
    QUEUED = "queued"
    WAITING = "waiting"
    HANDING_OVER = "handing over"


@dataclass(frozen=True, slots=True)
class Oldest:
    """The task at the lowest offset without an outcome: what a partition's commits wait for.

    Attributes:
        task_id: unknown until it runs.
        task_type: as its headers have it.
        seconds: for which its attempt has been running.
        thread: in which it runs.
        due_in: seconds until its retry or ETA is due.
        behind: the offset before it in its lane, and the seconds for which that has been running; ``None`` if
            that waits for its time.
        alone: it is suspected of ending the process, and waits until nothing else runs.
        circuit: ``open`` or ``half-open`` if its task type's circuit breaker holds it back.
        to_topic: where its failure is being written to.
    """

    offset: int
    state: State
    attempt: int | None = None
    task_id: str | None = None
    task_type: str | None = None
    seconds: float | None = None
    thread: str | None = None
    due_in: float | None = None
    behind: tuple[int, float | None] | None = None
    alone: bool = False
    circuit: str | None = None
    to_topic: str | None = None


@dataclass(frozen=True, slots=True)
class PartitionFacts:
    """One owned partition.

    Attributes:
        unfinished: records received that have no outcome.
        frontier: the offset that can be committed; ``committed`` is what the broker has acknowledged.
        position: the next offset to be received; ``log_end`` is the log's, as the broker last said.
        paused: why nothing more is taken in; ``stopped`` why the client can read no further.
        leaving: it is about to be given up.
        held: tasks whose write to their next topic the broker refuses.
        committed_ago: seconds since the broker last acknowledged a commit.
        error: the last thing that went wrong with it.
    """

    topic: str
    partition: int
    unfinished: int
    bytes: int
    frontier: int
    position: int
    committed: int | None = None
    log_end: int | None = None
    paused: str | None = None
    stopped: str | None = None
    leaving: bool = False
    held: int = 0
    committed_ago: float | None = None
    error: str | None = None
    oldest: Oldest | None = None


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """A worker, and each partition that it owns.

    Attributes:
        threads: how many handlers it runs at the same time.
        running, queued, waiting: how many attempts run, are ready or wait for their lane, wait for their time.
        held_back: how many circuit breakers hold back.
        turned_ago: seconds since the poll loop last went round; ``None`` before the first time.
        draining: why it is stopping.
        trouble: the client's last trouble, if it is recent.
    """

    group: str
    threads: int
    running: int = 0
    queued: int = 0
    waiting: int = 0
    turned_ago: float | None = None
    draining: str | None = None
    trouble: str | None = None
    held_back: int = 0
    partitions: tuple[PartitionFacts, ...] = ()
