"""Does work move? Which attempts run, and when something was last finished. Pure: ``now`` is passed in."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from stillframe.consumer.events import AttemptStarted, Turned
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.intake.pressure import BYTES, MAP, RECORDS, SPAN

#: The bounds that stuck tasks can fill their partition to.
BOUNDS: Final = frozenset({RECORDS, BYTES, SPAN, MAP})


class Running(NamedTuple):
    """An attempt that has not ended. Told in words only when somebody asks: attempts are many."""

    event: AttemptStarted
    since: float

    @property
    def partition(self) -> Partition:
        return self.event.arrival.partition

    def told(self, now: float) -> str:
        event, offset = self.event, self.event.arrival.record.offset
        return (
            f"{self.partition} offset {offset}, task {event.task_type} {event.task_id}, for {now - self.since:.0f} s"
        )


class Progress:
    """Knows what runs and what has stalled.

    Starts and ends may be noted by any thread, while another asks.

    Args:
        limit: seconds without an ended attempt after which work that is there counts as stalled.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        # Insertion order is the order of starts: the first is the oldest.
        self._running: dict[Arrival, Running] = {}
        self._last = 0.0
        self._last_of: dict[Partition, float] = {}

    def idle(self, now: float) -> None:
        """There is nothing to do: whatever comes next has all its time before it."""
        self._last = now

    def started(self, event: AttemptStarted, now: float) -> None:
        self._running[event.arrival] = Running(event, now)

    def ended(self, arrival: Arrival, now: float) -> None:
        self._running.pop(arrival, None)
        self._last = now
        # An attempt may outlive the ownership of its partition; nobody would forget it after that.
        if arrival.partition.owned:
            self._last_of[arrival.partition] = now

    def forget(self, partitions: Collection[Partition]) -> None:
        """These have left."""
        for partition in partitions:
            self._last_of.pop(partition, None)
        # An attempt may have found its partition ours just before it left.
        for partition in [each for each in self._last_of.copy() if not each.owned]:
            self._last_of.pop(partition, None)

    def stalls(self, turn: Turned, now: float) -> Iterator[str]:
        """What does not move: all work, or else the partitions that a stuck task has filled (promise I6)."""
        still = now - self._last
        if (turn.running or turn.queued) and still > self._limit:
            oldest = next(iter(list(self._running.values())), None)  # a copy is made in one step
            yield (
                f"nothing has finished for {still:.0f} s; {turn.running} running, {turn.queued} queued; "
                f"oldest running: {'none' if oldest is None else oldest.told(now)}"
            )
            return
        for running in self._oldest_of_full_partitions():
            still = now - max(running.since, self._last_of.get(running.partition, 0.0))
            if still > self._limit:
                yield (
                    f"{running.partition} is full ({running.partition.paused}), nothing of it has finished "
                    f"for {still:.0f} s; oldest running: {running.told(now)}"
                )

    def _oldest_of_full_partitions(self) -> Collection[Running]:
        oldest: dict[Partition, Running] = {}
        for running in list(self._running.values()):
            if running.partition.owned and running.partition.paused in BOUNDS:
                oldest.setdefault(running.partition, running)
        return oldest.values()
