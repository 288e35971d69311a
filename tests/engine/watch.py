"""What a worker says and does, kept for a scenario to ask."""

from collections.abc import Sequence
from typing import TypeVar

from stillframe.consumer.events import Event, Listener
from stillframe.consumer.health import Health
from tests.engine.journal import Journal
from tests.waiting import wait_until

Kind = TypeVar("Kind", bound=Event)


class Watch:
    """A worker's events, its verdicts and a journal of its attempts; give it the listeners and the middleware."""

    def __init__(self, stall_after: float = 30.0, journal: Journal | None = None) -> None:
        self.events: list[Event] = []
        self.health = Health(stall_after, [None])
        self.journal = journal or Journal()
        self.listeners: Sequence[Listener] = [self.health, self.events.append]
        self.middleware = [self.journal.middleware()]

    def of_another(self) -> "Watch":
        """A watch of the next worker, with the journal of this one."""
        return Watch(journal=self.journal)

    def seen(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in tuple(self.events) if isinstance(event, kind)]

    def await_seen(self, kind: type[Event], count: int = 1, timeout: float = 30) -> None:
        wait_until(lambda: len(self.seen(kind)) >= count, timeout=timeout, describe=f"{count} {kind.__name__}")

    def await_ready(self, timeout: float = 30) -> None:
        wait_until(lambda: self.health.ready().ok, timeout=timeout, describe="the worker to be ready")

    def await_unready(self, *words: str, timeout: float = 30) -> None:
        """Wait until readiness is red for a reason that holds all the words; liveness stays green."""

        def red() -> bool:
            return any(all(word in reason for word in words) for reason in self.health.ready().reasons)

        wait_until(red, timeout=timeout, describe=f"readiness to turn red for {words}")
        assert self.health.live().ok

    def await_done(self, ids: Sequence[str], timeout: float = 30) -> None:
        wait_until(lambda: self.journal.done >= set(ids), timeout=timeout, describe=f"{len(ids)} tasks to be done")
