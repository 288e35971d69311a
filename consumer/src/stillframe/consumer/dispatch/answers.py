"""What the desk answers to those who ask it."""

from __future__ import annotations

from typing import NamedTuple

from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.breaker import State
from stillframe.consumer.progress.strict_waits import Wait


class Counts(NamedTuple):
    """How many attempts run, are ready or wait for their lane, wait for their time, have outlived their timeout.

    What lies behind a strict retry waits for its time as well. What is held back by a circuit breaker, or lies
    behind that, is none of these.
    """

    running: int
    queued: int
    waiting: int
    stuck: int
    held_back: int


class Rest(NamedTuple):
    """An arrival that does not run, and why.

    Attributes:
        due: epoch milliseconds before which it does not start; ``None`` if its time has come.
        behind: what runs before it in its lane, or waits at the head of that.
        alone: it is suspected of ending the process, and waits until nothing else runs.
        circuit: the state of its task type's circuit breaker.
    """

    arrival: Arrival
    due: int | None = None
    behind: Arrival | None = None
    alone: bool = False
    circuit: State = State.CLOSED


class Settled(NamedTuple):
    """What became of an end.

    Attributes:
        waits: it is a retry that waits here; otherwise the end has to be booked.
        replaced: the arrival's slot was given away when it outlived its timeout.
        wait: what has to be booked of a strict retry, whether it waits here or leaves with its partition.
    """

    waits: bool
    replaced: bool
    wait: Wait | None = None
