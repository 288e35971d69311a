"""Places for strict tasks: how many of a partition may have started and not ended yet. Pure.

Whatever has started may fail, and then waits, with its attempt and its due time in the commit's metadata.
There is room for so many and no more: what gets no place waits in its lane, unstarted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator

from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.progress.strict_waits import MOST_WAITS


class Places:
    """Gives out places, and keeps the heads of lanes that have got none.

    Args:
        most: places of a partition.
    """

    def __init__(self, most: int = MOST_WAITS) -> None:
        self._most = most
        self._taken: dict[Partition, set[Arrival]] = {}
        self._without: dict[Partition, deque[Arrival]] = {}

    def reserve(self, arrival: Arrival) -> None:
        """For one that began to wait in an earlier ownership: its place is in the metadata already."""
        self._taken.setdefault(arrival.partition, set()).add(arrival)

    def take(self, arrival: Arrival) -> bool:
        """Whether it has a place, or gets one; else it is kept here until :meth:`admitted`."""
        taken = self._taken.setdefault(arrival.partition, set())
        if arrival not in taken and not self._room(arrival.partition):
            self._without.setdefault(arrival.partition, deque()).append(arrival)
            return False
        taken.add(arrival)
        return True

    def leave(self, arrival: Arrival) -> None:
        """It will not run again here."""
        self._taken.get(arrival.partition, set()).discard(arrival)

    def admitted(self) -> Iterator[Arrival]:
        """Those without a place for which there is one now."""
        for partition, without in tuple(self._without.items()):
            while without and self._room(partition):
                arrival = without.popleft()
                self.reserve(arrival)
                yield arrival
            if not without:
                del self._without[partition]

    def withdraw(self, partitions: Collection[Partition]) -> list[Arrival]:
        """These partitions leave; returns what had no place."""
        for partition in partitions:
            self._taken.pop(partition, None)
        return [arrival for partition in partitions for arrival in self._without.pop(partition, ())]

    def __len__(self) -> int:
        """How many are without a place."""
        return sum(map(len, self._without.values()))

    def _room(self, partition: Partition) -> bool:
        """Waits of the last owner that are still to come have theirs.

        One may start all the same: if they lie behind more than the partition may hold, they would never come.
        """
        taken = len(self._taken.get(partition, ()))
        return not taken or taken + partition.promised < self._most
