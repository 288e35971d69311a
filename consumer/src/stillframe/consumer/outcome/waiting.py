"""Items that wait for a time, earliest first. Pure: ``now`` is passed in.

Due times are epoch milliseconds, since they travel with records from one machine to another.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Hashable, Iterator
from itertools import count
from typing import Generic, Protocol, TypeVar


class Partitioned(Protocol):
    """What can wait. Items are told apart by identity."""

    @property
    def partition(self) -> Hashable: ...


Item = TypeVar("Item", bound=Partitioned)

#: Entries of withdrawn items that are put up with before the heap is cleared of them.
FEW = 64


class DueHeap(Generic[Item]):
    """A min-heap by due time; of items due at the same time, the first pushed comes first.

    Promise I5: :meth:`pop_due` never gives an item before its time.
    """

    __slots__ = ("_heap", "_of_partition", "_serial", "_size")

    def __init__(self) -> None:
        # An item is withdrawn by forgetting its serial number: its entry in the heap then counts for
        # nothing. To find it there would be a walk through all that waits.
        self._heap: list[tuple[int, int, Item]] = []
        self._of_partition: dict[Hashable, dict[int, Item]] = {}
        self._serial = count()
        self._size = 0

    def push(self, due: int, item: Item) -> None:
        serial = next(self._serial)
        heapq.heappush(self._heap, (due, serial, item))
        self._of_partition.setdefault(item.partition, {})[serial] = item
        self._size += 1

    def pop_due(self, now: int) -> Iterator[Item]:
        """Take out the items whose time has come, earliest first."""
        while (due := self.next_due) is not None and due <= now:
            _, serial, item = heapq.heappop(self._heap)
            waiting = self._of_partition[item.partition]
            del waiting[serial]
            if not waiting:
                del self._of_partition[item.partition]
            self._size -= 1
            yield item

    def due(self, item: Item) -> int | None:
        """When its time comes; ``None`` if it does not wait here. A walk through all that waits."""
        return next(
            (due for due, serial, each in self._heap if each is item and self._waits((due, serial, each))), None
        )

    @property
    def next_due(self) -> int | None:
        heap = self._heap
        while heap and not self._waits(heap[0]):
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def of(self, partition: Hashable) -> list[Item]:
        """What waits of this partition."""
        return list(self._of_partition.get(partition, {}).values())

    def withdraw(self, partitions: Collection[Hashable]) -> list[Item]:
        """Take out every item of these partitions."""
        withdrawn = [item for each in partitions for item in self._of_partition.pop(each, {}).values()]
        self._size -= len(withdrawn)
        if len(self._heap) > 2 * self._size + FEW:
            self._heap = [entry for entry in self._heap if self._waits(entry)]
            heapq.heapify(self._heap)
        return withdrawn

    def _waits(self, entry: tuple[int, int, Item]) -> bool:
        return entry[1] in self._of_partition.get(entry[2].partition, ())

    def __len__(self) -> int:
        return self._size
