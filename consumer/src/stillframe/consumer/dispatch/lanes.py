"""Lanes: the queue of one key, whose head runs while the rest wait. Pure: no thread, no clock, no Kafka.

Promise I4: within a lane, items are taken in the order they were added, and never two at a time.
Lanes whose head may run stand in line, one line for each executor, and take turns there by task type
and partition: neither a hot partition, nor a chatty task type, nor a hot key starves the others. Those whose
head is of a task type that is held back stand aside, and cost nothing while they do.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterator
from typing import Generic, Protocol, TypeVar

from stillframe.consumer.dispatch.line import Line, Source
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

    __slots__ = ("aside", "closed", "held", "items")

    def __init__(self) -> None:
        # An OrderedDict: the head and any single item leave in constant time.
        self.items: OrderedDict[Item, None] = OrderedDict()
        self.closed = False
        self.held = False  # closed, and its head waits at its place
        self.aside = False  # open, and its head's task type is set aside

    @property
    def head(self) -> Item:
        return next(iter(self.items))


class Lanes(Generic[Item]):
    """Items by lane; an item without one gets a lane for itself."""

    __slots__ = ("_lanes", "_lines", "_of_partition", "aside", "behind", "queued")

    def __init__(self) -> None:
        self._lanes: dict[Hashable, Lane[Item]] = {}
        self._lines: dict[Executor, Line[Lane[Item]]] = {executor: Line() for executor in Executor}
        # So that a partition that leaves costs what it holds, and not a walk through everything.
        self._of_partition: dict[Hashable, dict[Item, Lane[Item]]] = {}
        #: Items added and not yet taken.
        self.queued = 0
        #: Of these, what lies behind a head that waits at its place.
        self.behind = 0
        #: And what stands in lanes whose head's task type is set aside.
        self.aside = 0

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
        return None if lane is None else self._take_head(lane)

    def take_aside(self, executor: Executor, task_type: str) -> Item | None:
        """As :meth:`take`, of a task type that is set aside."""
        lane = self._lines[executor].take_aside(task_type)
        if lane is None:
            return None
        self._end_aside(lane)
        return self._take_head(lane)

    def set_aside(self, task_type: str) -> None:
        """From now on no head of this task type is taken, but by :meth:`take_aside`."""
        for line in self._lines.values():
            for lane in line.set_aside(task_type):
                self._begin_aside(lane)

    def let_back(self, task_type: str) -> None:
        """Heads of this task type are taken again."""
        for line in self._lines.values():
            for lane in line.let_back(task_type):
                self._end_aside(lane)

    def size_aside(self, executor: Executor, task_type: str) -> int:
        """How many heads of this task type are set aside."""
        return self._lines[executor].size_aside(task_type)

    def items_aside(self, task_type: str) -> Iterator[Item]:
        """What stands in lanes with such a head. A walk through all of them."""
        for line in self._lines.values():
            for lane in line.aside(task_type):
                yield from lane.items

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

    def put_back(self, item: Item, *, first: bool = False) -> None:
        """The item taken from the lane returns to its head, and the lane is open: the item is its next.

        Args:
            first: the lane does not stand at the end of the line, for it has not had its turn.
        """
        lane = (None if item.lane is None else self._lanes.get(item.lane)) or Lane()
        self._reopen(lane)
        self._put(lane, item)
        lane.items.move_to_end(item, last=False)
        self._line_up(lane)
        if first:
            self._lines[item.executor].put_first(_source(item), lane)

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
            self._end_aside(lane)
        for item, lane in withdrawn.items():
            del lane.items[item]
            self.behind -= lane.held
            self.aside -= lane.aside
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

    def _take_head(self, lane: Lane[Item]) -> Item:
        item, _ = lane.items.popitem(last=False)
        lane.closed = True
        self._gone(item)
        return item

    def _put(self, lane: Lane[Item], item: Item) -> None:
        lane.items[item] = None
        self.behind += lane.held
        self.aside += lane.aside
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
        if not self._lines[head.executor].add(_source(head), lane):
            self._begin_aside(lane)

    def _begin_aside(self, lane: Lane[Item]) -> None:
        lane.aside = True
        self.aside += len(lane.items)

    def _end_aside(self, lane: Lane[Item]) -> None:
        if lane.aside:
            lane.aside = False
            self.aside -= len(lane.items)

    def _line_up_or_forget(self, key: Hashable, lane: Lane[Item]) -> None:
        if lane.items:
            self._line_up(lane)
        else:
            self._lanes.pop(key, None)


def _source(item: Laned) -> Source:
    return item.task_type, item.partition
