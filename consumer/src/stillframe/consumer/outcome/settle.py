"""From the end of an attempt to a finished offset. Poll thread only."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from stillframe.consumer.dispatch.desk import cancel
from stillframe.consumer.dispatch.executors import Executors
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.outcome.end import Dead, Done, Retry, Skipped
from stillframe.consumer.outcome.handoff import HandOff, HandOffs
from stillframe.consumer.progress.commits import Commits

#: Seconds, in a drain, from the end of a handler to the hand-off of its failure, at most.
HAND_OVER_EVERY = 0.1


class Left(NamedTuple):
    """What has no outcome at the end of an ownership.

    Attributes:
        unfinished: still in their handlers.
        unwritten: ended, and their write to the next topic is not acknowledged.
    """

    unfinished: list[Arrival]
    unwritten: list[Arrival]


class Settlement:
    """Books ends into the ledgers: at once for done and skipped, after the hand-off for retry and dead."""

    def __init__(
        self,
        executors: Executors,
        commits: Commits,
        make_handoffs: Callable[[Callable[[Arrival], None]], HandOffs],
    ) -> None:
        self._executors = executors
        self._commits = commits
        self._handoffs = make_handoffs(self._finish)

    def tick(self) -> None:
        """Book every end that has come in since the last call."""
        ends, waits = self._executors.ends, self._executors.waits
        while waits:
            partition, wait = waits.popleft()
            partition.ledger.wait(wait)
        while ends:
            arrival, end = ends.popleft()
            match end:
                case Done() | Skipped():
                    self._finish(arrival)
                case Retry() | Dead() if arrival.partition.owned:
                    self._handoffs.add(arrival, end)
                case Retry() | Dead():
                    pass  # its new owner has it already, from the same committed offset
        self._handoffs.tick()

    def take_over(self, partitions: Collection[Partition]) -> None:
        """New ownerships, before anything of them runs: what their last owners knew of task types."""
        failing: dict[str, set[int]] = {}
        for partition in partitions:
            if partition.ledger.failing:
                failing.setdefault(partition.family.topic, set()).update(partition.ledger.failing)
        if failing:
            self._executors.doubt(failing)
        self.note_failing(partitions)

    def note_failing(self, partitions: Iterable[Partition]) -> None:
        """Let the next commits of these partitions tell which task types are held back."""
        failing = self._executors.held_back.failing()
        for partition in partitions:
            partition.ledger.failing = failing.get(partition.family.topic, ())

    def hand_over(self, partitions: Collection[Partition]) -> None:
        """Start nothing more of these partitions, and hand their retries that wait in memory to a tier.

        Strict ones stay where they are: the commit tells of them.
        """
        for arrival in self._executors.withdraw(partitions):
            self._handoffs.add(arrival, Retry(arrival.state.not_before or 0, None))
        self._handoffs.tick()

    def pending(self, partitions: Collection[Partition]) -> bool:
        """Whether a hand-off of these partitions is not acknowledged yet."""
        return self._handoffs.pending(partitions)

    def under_way(self) -> tuple[HandOff, ...]:
        """Hand-offs that are not acknowledged yet; any thread may ask."""
        return self._handoffs.under_way()

    def conclude(self, partitions: Collection[Partition], drain_until: float, report_until: float) -> Left:
        """The end of an ownership, up to its last commit: drain, hand over. Returns what has no outcome.

        The order matters: what waits in memory is handed to a tier first, and what fails meanwhile at
        once, so that the broker's reports come in while other handlers finish.

        Args:
            drain_until: monotonic time until which running handlers are waited for.
            report_until: monotonic time until which reports of hand-offs are waited for.
        """
        self.hand_over(partitions)
        while not self._executors.wait_idle(partitions, min(drain_until, time.monotonic() + HAND_OVER_EVERY)):
            self.tick()
            if time.monotonic() >= drain_until:
                break
        unfinished = self._executors.running(partitions)
        cancel(unfinished)
        self.tick()
        self._handoffs.finish_within(partitions, report_until)
        unwritten = [each.arrival for each in self._handoffs.under_way() if each.arrival.partition in partitions]
        self._handoffs.forget(partitions)
        return Left(unfinished, unwritten)

    def forget(self, partitions: Collection[Partition]) -> None:
        """Partitions were lost: others have what was not committed; commit nothing, hand nothing over."""
        self._executors.withdraw(partitions)
        cancel(self._executors.running(partitions))
        self._handoffs.forget(partitions)

    def _finish(self, arrival: Arrival) -> None:
        if arrival.partition.ledger.finish(arrival.record.offset):
            self._commits.count(1)
