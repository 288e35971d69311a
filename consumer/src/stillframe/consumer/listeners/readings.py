"""Readings of the owned partitions: what their gauges show. Pure: ``now`` is passed in.

Taken in the poll thread, at its pulse, since a ledger is its alone; the scrape comes from another thread
and sees the last ones. Once a second is enough for any scrape and costs nothing that can be measured.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from stillframe.consumer.events import Turned
from stillframe.consumer.intake.gate import BARRED
from stillframe.consumer.intake.partition import LogBounds, Partition

#: Seconds between readings of the partitions.
EVERY: Final = 1.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One partition as it was. ``held_since`` is when its frontier came to stand where it is."""

    partition: Partition
    unfinished: int
    frontier: int
    held_since: float
    committed: int | None
    paused: str | None
    stopped: bool
    log: LogBounds | None
    held_back: int = 0

    @property
    def labels(self) -> tuple[str, str]:
        return self.partition.topic, str(self.partition.number)

    def oldest_age(self, now: float) -> float:
        """Seconds for which the lowest unfinished offset has been the lowest; 0 if there is none."""
        return now - self.held_since if self.unfinished else 0.0

    @property
    def lag(self) -> int | None:
        """Offsets from the committed one to the log's end; ``None`` until the broker has told its end."""
        behind = self.frontier if self.committed is None else self.committed
        return None if self.log is None else max(0, self.log.end - behind)

    @property
    def held_lag(self) -> int:
        """Of the lag, what a circuit breaker holds back."""
        lag = self.lag or 0
        return lag if self.paused == BARRED else min(lag, self.held_back)


class Readings:
    """The last readings.

    Attributes:
        turn: the last pulse.
        turned: its monotonic time; ``None`` before the first.
        partitions: one reading for each owned partition.
    """

    def __init__(self) -> None:
        self.turn = Turned((), 0, 0, 0)
        self.turned: float | None = None
        self.partitions: tuple[Reading, ...] = ()
        self._taken = -EVERY
        self._logs: dict[Partition, LogBounds] = {}

    def take(self, turn: Turned, now: float) -> None:
        """Note a pulse, and read the partitions if it is time."""
        self.turn, self.turned = turn, now
        if now - self._taken < EVERY:
            return
        self._taken = now
        before = {reading.partition: reading for reading in self.partitions}
        self.partitions = tuple(
            _read(each, before.get(each), self._logs.get(each), turn, now) for each in turn.partitions if each.owned
        )

    def measure(self, logs: Mapping[Partition, LogBounds]) -> None:
        """Note what the broker says of the logs."""
        self._logs.update(logs)

    def forget(self, partitions: Collection[Partition]) -> None:
        """These have left."""
        self.partitions = tuple(each for each in self.partitions if each.partition not in partitions)
        for partition in partitions:
            self._logs.pop(partition, None)


def _read(partition: Partition, before: Reading | None, log: LogBounds | None, turn: Turned, now: float) -> Reading:
    ledger, frontier = partition.ledger, partition.ledger.committable
    stands = before is not None and before.unfinished and before.frontier == frontier
    return Reading(
        partition,
        ledger.unfinished,
        frontier,
        before.held_since if stands and before is not None else now,
        None if partition.committed is None else partition.committed.offset,
        partition.paused,
        partition.stopped is not None,
        log,
        turn.held_back_of.get(partition, 0),
    )
