"""Whatever a kill -9 interrupts, the journal tells whole attempts only: those that have started and not ended."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stillframe.consumer.quarantine import slots
from stillframe.consumer.quarantine.slots import FREE, InFlight

TOPICS = ("emails", "emails.mailer.retry.1m")
MOST = 3
FIRST = slots.first_slot(TOPICS)


class Dying(bytearray):
    """Memory of a process that dies before its n-th write."""

    def __init__(self, content: bytes, writes: int) -> None:
        super().__init__(content)
        self.writes = writes

    def __setitem__(self, at: Any, value: Any) -> None:
        if self.writes:
            self.writes -= 1
            super().__setitem__(at, value)


@given(st.lists(st.integers(0, MOST - 1), max_size=12), st.integers(0, 12))
def test_only_whole_attempts_are_told(steps: list[int], writes: int) -> None:
    """A step starts what is free and ends what runs; the body of a slot is written in one go, and not counted."""
    memory = Dying(slots.blank(TOPICS, MOST), writes)
    running: dict[int, InFlight] = {}
    for number, slot in enumerate(steps):
        at = FIRST + slot * slots.SLOT.size
        alive = memory.writes > 0
        if slot in running:
            memory[at] = FREE
            if alive:
                del running[slot]
        elif alive or memory[at] == FREE:
            slots.occupy(memory, at, (number % 2, slot, 2**40 + number), number, alone=False)
            if alive:
                running[slot] = InFlight(TOPICS[number % 2], slot, 2**40 + number, number, alone=False)
        if not alive:
            break
    assert sorted(slots.in_flight(bytes(memory))) == sorted(running.values())


@given(st.binary(max_size=200))
def test_what_is_no_journal_suspects_nobody(content: bytes) -> None:
    assert slots.in_flight(content) == []


@given(st.integers(0, 200))
def test_a_journal_cut_short_is_no_error(length: int) -> None:
    memory = bytearray(slots.blank(TOPICS, MOST))
    slots.occupy(memory, FIRST, (0, 1, 2), 3, alone=True)
    assert slots.in_flight(bytes(memory[:length])) in ([], [InFlight("emails", 1, 2, 3, alone=True)])


def test_a_culprit_is_the_only_suspect() -> None:
    """And the one beside whom something runs is not alone, whatever it was at its start."""
    memory = bytearray(slots.blank(TOPICS, MOST))
    for slot in range(MOST):
        slots.occupy(memory, FIRST + slot * slots.SLOT.size, (0, slot, 0), 0, alone=slot == 0)
    assert [each.alone for each in slots.in_flight(bytes(memory))] == [False, False, False]
    memory[FIRST + slots.SLOT.size] = slots.CULPRIT
    assert slots.in_flight(bytes(memory)) == [InFlight("emails", 1, 0, 0, alone=False)]
