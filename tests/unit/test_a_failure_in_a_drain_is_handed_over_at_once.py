"""What fails early in a drain is written on while others still run: the drain's end is too late for its report."""

from collections import deque
from collections.abc import Callable, Collection
from time import monotonic
from typing import Any

from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.outcome.classify import Failure
from stillframe.consumer.outcome.end import End, Retry
from stillframe.consumer.outcome.settle import Settlement
from tests.arrivals import arrival, partition

RETRY = Retry(0, Failure("builtins.ConnectionError", "", "mail.py:14 in deliver", permanent=False))


class HandOffs:
    """Remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[Arrival] = []

    def add(self, arrival: Arrival, end: End) -> None:
        self.given.append(arrival)

    def tick(self) -> None: ...
    def finish_within(self, partitions: Collection[Partition], until: float) -> None: ...
    def under_way(self) -> tuple[()]:
        return ()

    def forget(self, partitions: Collection[Partition]) -> None: ...


class Executors:
    """Two run: one fails at once, and the other ends when that has been handed over."""

    def __init__(self, failed: Arrival, handed_over: Callable[[], bool]) -> None:
        self.ends: deque[tuple[Arrival, End]] = deque([(failed, RETRY)])
        self.waits: deque[Any] = deque()
        self.handed_over = handed_over

    def withdraw(self, partitions: Collection[Partition]) -> list[Arrival]:
        return []

    def wait_idle(self, partitions: Collection[Partition], until: float) -> bool:
        return self.handed_over()

    def running(self, partitions: Collection[Partition]) -> list[Arrival]:
        return []


def test_a_failure_in_a_drain_is_handed_over_at_once() -> None:
    leaving = partition()
    failed, handoffs = arrival(leaving, 7), HandOffs()
    executors: Any = Executors(failed, lambda: failed in handoffs.given)
    commits: Any = None
    make: Any = lambda finish: handoffs  # noqa: E731
    begun = monotonic()
    Settlement(executors, commits, make).conclude([leaving], begun + 30, begun + 30)
    assert handoffs.given == [failed]
    assert monotonic() < begun + 20, "the drain was over when nothing ran any more"
