"""Lanes: the queue of one key, whose head runs while the rest wait. Pure: no thread, no clock, no Kafka.

Promise I4: within a lane, items are taken in the order they were added, and never two at a time.
Lanes whose head may run stand in line, one line for each executor, and take turns there by task type
and partition: neither a hot partition, nor a chatty task type, nor a hot key starves the others.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Hashable
from typing import Generic, Protocol, TypeVar

from stillframe.consumer.dispatch.line import Line
from stillframe.consumer.executor import Executor


class Laned(Protocol):
    """What can stand in a lane. Items are told apart by identity."""

    @property
    def lane(self) -> Hashable | None:
        """Where it waits for others; ``None`` waits for no other."""

    @property
    def partition(self) -> Hashable: ...
    @property
    def task_type(self) -> str: ...
    @property
    def executor(self) -> Executor: ...
    def __hash__(self) -> int: ...


Item = TypeVar("Item", bound=Laned)


class Lane(Generic[Item]):
    """Items in order. It is closed while one of them runs, and stands in line while it is open and has any."""

    __slots__ = ("closed", "held", "items")

    def __init__(self) -> None:
        # An OrderedDict: the head and any single item leave in constant time.
        self.items: OrderedDict[Item, None] = OrderedDict()
        self.closed = False
        self.held = False  # closed, and its head waits at its place

    @property
    def head(self) -> Item:
        return next(iter(self.items))


class Lanes(Generic[Item]):
    """Items by lane; an item without one gets a lane for itself."""

    __slots__ = ("_lanes", "_lines", "_of_partition", "behind", "queued")

    def __init__(self) -> None:
        self._lanes: dict[Hashable, Lane[Item]] = {}
        self._lines: dict[Executor, Line[Lane[Item]]] = {executor: Line() for executor in Executor}
        # So that a partition that leaves costs what it holds, and not a walk through everything.
        self._of_partition: dict[Hashable, dict[Item, Lane[Item]]] = {}
        #: Items added and not yet taken.
        self.queued = 0
        #: Of these, what lies behind a head that waits at its place.
        self.behind = 0

    def add(self, item: Item) -> None:
        key = item.lane
        lane = None if key is None else self._lanes.get(key)
        if lane is None:
            lane = Lane()
            if key is not None:
                self._lanes[key] = lane
        self._put(lane, item)
        if not lane.closed and len(lane.items) == 1:
            self._line_up(lane)

    def take(self, executor: Executor) -> Item | None:
        """The head of the lane whose turn it is; the lane is closed until :meth:`open` or :meth:`put_back`."""
        lane = self._lines[executor].take()
        if lane is None:
            return None
        item, _ = lane.items.popitem(last=False)
        lane.closed = True
        self._gone(item)
        return item

    def hold(self, item: Item) -> None:
        """The item taken from the lane waits at its place: the lane is closed until it is put back, or leaves."""
        lane = None if item.lane is None else self._lanes.get(item.lane)
        if lane is not None and not lane.held:
            lane.held = True
            self.behind += len(lane.items)

    def open(self, item: Item) -> None:
        """The item taken from the lane has ended, or waits elsewhere: the next may run."""
        lane = None if item.lane is None else self._lanes.get(item.lane)
        if lane is not None and lane.closed:
            self._reopen(lane)
            self._line_up_or_forget(item.lane, lane)

    def put_back(self, item: Item) -> None:
        """The item taken from the lane returns to its head, and the lane is open: the item is its next."""
        lane = (None if item.lane is None else self._lanes.get(item.lane)) or Lane()
        self._reopen(lane)
        self._put(lane, item)
        lane.items.move_to_end(item, last=False)
        self._line_up(lane)

    def of(self, partition: Hashable) -> list[Item]:
        """What is queued of this partition."""
        return list(self._of_partition.get(partition, ()))

    def withdraw(self, partitions: Collection[Hashable]) -> list[Item]:
        """Take out all that is queued of these partitions."""
        withdrawn: dict[Item, Lane[Item]] = {}
        for partition in partitions:
            withdrawn |= self._of_partition.pop(partition, {})
        lanes: dict[Hashable, Lane[Item]] = {
            item if item.lane is None else item.lane: lane for item, lane in withdrawn.items()
        }
        headless = {key: lane for key, lane in lanes.items() if not lane.closed and lane.head in withdrawn}
        for lane in headless.values():
            self._lines[lane.head.executor].remove(_source(lane.head), lane)
        for item, lane in withdrawn.items():
            del lane.items[item]
            self.behind -= lane.held
        for key, lane in headless.items():
            self._line_up_or_forget(key, lane)
        self.queued -= len(withdrawn)
        return list(withdrawn)

    def ready(self, executor: Executor) -> int:
        """How many items this executor could start now."""
        return self._lines[executor].size

    def _reopen(self, lane: Lane[Item]) -> None:
        if lane.held:
            self.behind -= len(lane.items)
        lane.closed = lane.held = False

    def _put(self, lane: Lane[Item], item: Item) -> None:
        lane.items[item] = None
        self.behind += lane.held
        self._of_partition.setdefault(item.partition, {})[item] = lane
        self.queued += 1

    def _gone(self, item: Item) -> None:
        self.queued -= 1
        of_partition = self._of_partition[item.partition]
        del of_partition[item]
        if not of_partition:
            del self._of_partition[item.partition]

    def _line_up(self, lane: Lane[Item]) -> None:
        head = lane.head
        self._lines[head.executor].add(_source(head), lane)

    def _line_up_or_forget(self, key: Hashable, lane: Lane[Item]) -> None:
        if lane.items:
            self._line_up(lane)
        else:
            self._lanes.pop(key, None)


def _source(item: Laned) -> Hashable:
    return item.task_type, item.partition
