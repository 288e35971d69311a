"""The lanes (promise I4): per lane in order and never two at once, nothing lost or stuck, turns in turn."""

from collections.abc import Callable, Hashable
from typing import ClassVar, NamedTuple

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stillframe.consumer.dispatch.lanes import Lanes
from tests.property.machines import must_find, run


class Item(NamedTuple):
    number: int
    partition: int


class LanesMachine(RuleBasedStateMachine):
    """Items of a few lanes and partitions are added, run, ended and dropped, in any order.

    The model is a list of what is ready, the longest ready first: an open lane with items once, and each
    item without a lane.
    """

    lanes_class: ClassVar[type[Lanes[Item]]] = Lanes

    def __init__(self) -> None:
        super().__init__()
        self.lanes = self.lanes_class()
        self.added = 0
        self.queues: dict[str, list[Item]] = {}
        self.ready: list[str | Item] = []
        self.running: list[tuple[str | None, Item]] = []

    @rule(lane=st.sampled_from([None, "a", "b", "c"]), partition=st.integers(0, 2))
    def add(self, lane: str | None, partition: int) -> None:
        item = Item(self.added, partition)
        self.added += 1
        self.lanes.add(lane, item)
        if lane is None:
            self.ready.append(item)
            return
        if not self.queues.get(lane) and not self._closed(lane):
            self.ready.append(lane)
        self.queues.setdefault(lane, []).append(item)

    @rule()
    def take(self) -> None:
        taken = self.lanes.take()
        if not self.ready:
            assert taken is None
            return
        first = self.ready.pop(0)
        expected = (None, first) if isinstance(first, Item) else (first, self.queues[first].pop(0))
        assert taken == expected
        self.running.append(expected)

    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        if self.running:
            lane, _ = ended = data.draw(st.sampled_from(self.running))
            self.running.remove(ended)
            self.lanes.open(lane)
            if lane is not None and self.queues.get(lane):
                self.ready.append(lane)

    @rule(lane=st.sampled_from([None, "a", "b", "c"]))
    def open_what_is_open(self, lane: str | None) -> None:
        if lane is None or not self._closed(lane):
            self.lanes.open(lane)

    @rule(leaving=st.sets(st.integers(0, 2), max_size=2))
    def drop(self, leaving: set[int]) -> None:
        queued = [item for queue in self.queues.values() for item in queue] + self._free()
        dropped = self.lanes.drop(lambda item: item.partition in leaving)
        assert sorted(dropped) == sorted(item for item in queued if item.partition in leaving)
        for lane, queue in self.queues.items():
            self.queues[lane] = [item for item in queue if item.partition not in leaving]
        self.ready = [each for each in self.ready if self._stays(each, leaving)]

    @invariant()
    def what_is_queued_is_counted(self) -> None:
        assert self.lanes.queued == sum(map(len, self.queues.values())) + len(self._free())

    def teardown(self) -> None:
        """Whatever is left can be run to the last item."""
        for lane, _ in self.running:
            self.lanes.open(lane)
        left = 0
        while (taken := self.lanes.take()) is not None:
            self.lanes.open(taken[0])
            left += 1
        assert left == sum(map(len, self.queues.values())) + len(self._free())

    def _closed(self, lane: str) -> bool:
        return any(lane == running for running, _ in self.running)

    def _free(self) -> list[Item]:
        return [each for each in self.ready if isinstance(each, Item)]

    def _stays(self, each: str | Item, leaving: set[int]) -> bool:
        return each.partition not in leaving if isinstance(each, Item) else bool(self.queues[each])


def test_the_lanes_hold() -> None:
    """After any sequence of events the lanes give what the model gives, and all of it."""
    run(LanesMachine)


class TakesTheNewest(Lanes[Item]):
    def take(self) -> tuple[Hashable | None, Item] | None:
        for queue in self._queues.values():
            queue.reverse()
        return super().take()


class NeverCloses(Lanes[Item]):
    def take(self) -> tuple[Hashable | None, Item] | None:
        taken = super().take()
        if taken is not None:
            self.open(taken[0])
        return taken


class LosesTheLaneThatWaits(Lanes[Item]):
    def open(self, lane: Hashable | None) -> None:
        self._closed.discard(lane)


class DropsTooLittle(Lanes[Item]):
    def drop(self, unwanted: Callable[[Item], bool]) -> list[Item]:
        return super().drop(lambda item: unwanted(item) and item.number % 2 == 0)


class StaysWithOneLane(Lanes[Item]):
    def open(self, lane: Hashable | None) -> None:
        super().open(lane)
        if lane in self._queues:
            self._ready.rotate(1)


MUTANTS = (TakesTheNewest, NeverCloses, LosesTheLaneThatWaits, DropsTooLittle, StaysWithOneLane)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_planted_bugs_are_found(mutant: type[Lanes[Item]]) -> None:
    """The machine is worth something only if it finds lanes that are wrong."""
    must_find(type("Mutant", (LanesMachine,), {"lanes_class": mutant}))
