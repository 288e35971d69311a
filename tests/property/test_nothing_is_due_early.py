"""The due-time heap (promise I5): never early, the earliest first, and nothing lost."""

from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stillframe.consumer.outcome.waiting import DueHeap
from tests.property.machines import run


class Item(NamedTuple):
    number: int
    due: int
    partition: int


class HeapMachine(RuleBasedStateMachine):
    """Time goes by; items are pushed, popped when due, and withdrawn by partition."""

    def __init__(self) -> None:
        super().__init__()
        self.heap: DueHeap[Item] = DueHeap()
        self.waiting: list[Item] = []
        self.pushed = 0
        self.now = 1_000

    @rule(wait=st.integers(-50, 500), partition=st.integers(0, 2))
    def push(self, wait: int, partition: int) -> None:
        item = Item(self.pushed, self.now + wait, partition)
        self.pushed += 1
        self.heap.push(item.due, item)
        self.waiting.append(item)

    @rule(seconds=st.integers(0, 300))
    def pop(self, seconds: int) -> None:
        self.now += seconds
        due = [item for item in self.waiting if item.due <= self.now]
        assert list(self.heap.pop_due(self.now)) == sorted(due, key=lambda item: (item.due, item.number))
        self.waiting = [item for item in self.waiting if item.due > self.now]

    @rule(leaving=st.sets(st.integers(0, 2), max_size=2))
    def withdraw(self, leaving: set[int]) -> None:
        withdrawn = self.heap.withdraw(leaving)
        assert sorted(withdrawn) == [item for item in self.waiting if item.partition in leaving]
        self.waiting = [item for item in self.waiting if item.partition not in leaving]

    @invariant()
    def the_next_one_is_known(self) -> None:
        assert len(self.heap) == len(self.waiting)
        assert self.heap.next_due == min((item.due for item in self.waiting), default=None)


def test_the_heap_holds() -> None:
    """What is popped is exactly what is due, in order of due time and then of arrival."""
    run(HeapMachine, examples=300)
