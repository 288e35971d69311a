"""Items that wait for a time, earliest first. Pure: ``now`` is passed in.

Due times are epoch milliseconds, since they travel with records from one machine to another.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import count
from typing import Generic, TypeVar

Item = TypeVar("Item")


class DueHeap(Generic[Item]):
    """A min-heap by due time; of items due at the same time, the first pushed comes first.

    Promise I5: :meth:`pop_due` never gives an item before its time.
    """

    __slots__ = ("_heap", "_serial")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Item]] = []
        self._serial = count()

    def push(self, due: int, item: Item) -> None:
        heapq.heappush(self._heap, (due, next(self._serial), item))

    def pop_due(self, now: int) -> Iterator[Item]:
        """Take out the items whose time has come, earliest first."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[2]

    @property
    def next_due(self) -> int | None:
        return self._heap[0][0] if self._heap else None

    def drop(self, unwanted: Callable[[Item], bool]) -> list[tuple[int, Item]]:
        """Take out every item that is unwanted, with its due time."""
        dropped = [(due, item) for due, _, item in self._heap if unwanted(item)]
        if dropped:
            self._heap = [entry for entry in self._heap if not unwanted(entry[2])]
            heapq.heapify(self._heap)
        return dropped

    def __len__(self) -> int:
        return len(self._heap)
