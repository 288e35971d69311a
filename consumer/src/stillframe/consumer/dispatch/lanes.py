"""Lanes: the queue of one key, whose head runs while the rest wait. Pure: no thread, no clock, no Kafka.

Promise I4: within a lane, items are taken in the order they were added, and never two at a time.
Ready lanes take turns, so a lane with a thousand items does not starve a lane with one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Loose(Generic[Item]):
    """An item without a lane, in the line of what is ready."""

    __slots__ = ("item",)

    def __init__(self, item: Item) -> None:
        self.item = item


class Lanes(Generic[Item]):
    """Items by lane. An item whose lane is ``None`` waits for no other."""

    __slots__ = ("_closed", "_queues", "_ready", "queued")

    def __init__(self) -> None:
        self._queues: dict[Hashable, deque[Item]] = {}
        self._closed: set[Hashable] = set()
        # The longest ready first. An open lane that has items stands here exactly once: twice would be
        # two turns for one.
        self._ready: deque[Hashable | Loose[Item]] = deque()
        #: Items added and not yet taken.
        self.queued = 0

    def add(self, lane: Hashable | None, item: Item) -> None:
        self.queued += 1
        if lane is None:
            self._ready.append(Loose(item))
            return
        queue = self._queues.get(lane)
        if queue is not None:
            queue.append(item)
            return
        self._queues[lane] = deque((item,))
        # A closed lane gets in line when it is opened.
        if lane not in self._closed:
            self._ready.append(lane)

    def take(self) -> tuple[Hashable | None, Item] | None:
        """The head of the next ready lane, which is closed until :meth:`open`; ``None`` if none is ready."""
        if not self._ready:
            return None
        self.queued -= 1
        lane = self._ready.popleft()
        if isinstance(lane, Loose):
            return None, lane.item
        queue = self._queues[lane]
        item = queue.popleft()
        self._closed.add(lane)
        if not queue:
            del self._queues[lane]
        return lane, item

    def open(self, lane: Hashable | None) -> None:
        """The lane's item has ended or left: the next may run. Opening what is open changes nothing."""
        if lane in self._closed:
            self._closed.remove(lane)
            if lane in self._queues:
                self._ready.append(lane)

    def drop(self, unwanted: Callable[[Item], bool]) -> list[Item]:
        """Take out every queued item that is unwanted, for instance of a partition that has left."""
        queued = [each.item for each in self._ready if isinstance(each, Loose)]
        dropped = [item for queue in (queued, *self._queues.values()) for item in queue if unwanted(item)]
        if not dropped:
            return dropped
        kept = {lane: deque(i for i in queue if not unwanted(i)) for lane, queue in self._queues.items()}
        self._queues = {lane: queue for lane, queue in kept.items() if queue}
        self._ready = deque(each for each in self._ready if self._stays(each, unwanted))
        self.queued -= len(dropped)
        return dropped

    def _stays(self, ready: Hashable | Loose[Item], unwanted: Callable[[Item], bool]) -> bool:
        return not unwanted(ready.item) if isinstance(ready, Loose) else ready in self._queues
