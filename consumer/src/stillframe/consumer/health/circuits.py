"""Which task types are held back, and which have too many dead letters: as sentences. Pure.

A circuit breaker is at work where something else is down, and no fault of the worker's: a note. A handler that
fails everything is one, of this deployment.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stillframe.consumer.events import CircuitBreakerChanged, DeadLettersResumed, DeadLettersStopped, Event
from stillframe.consumer.outcome.breaker import State

TOLD: Final = {State.OPEN: "is held back", State.HALF_OPEN: "is tried with a few tasks, the others are held back"}


class Circuits:
    """Listens for what task types have come to."""

    def __init__(self) -> None:
        self._unwell: dict[str, CircuitBreakerChanged] = {}
        self._stopped: dict[str, int] = {}

    def observe(self, event: Event) -> None:
        """Take an event into account."""
        match event:
            case CircuitBreakerChanged(task_type, State.CLOSED):
                self._unwell.pop(task_type, None)
            case CircuitBreakerChanged(task_type):
                self._unwell[task_type] = event
            case DeadLettersStopped(task_type, written):
                self._stopped[task_type] = written
            case DeadLettersResumed(task_type):
                self._stopped.pop(task_type, None)
            case _:
                pass

    def notes(self) -> Iterator[str]:
        """What is held back on purpose."""
        for task_type, change in self._unwell.items():
            yield f"task type {task_type} {TOLD[change.state]}: {change.reason}"

    def faults(self) -> Iterator[str]:
        """What an operator has to look at."""
        for task_type, written in self._stopped.items():
            yield (
                f"the handler of task type {task_type} fails everything: after {written} dead letters no more are "
                "written, and its backlog stands until enough of its tasks are done"
            )
