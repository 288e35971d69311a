"""The journal's bytes: which attempts are in flight in a process that may die at any instruction. Pure.

A header (magic number, pulse, how many slots, length of the table of topics), the table, the slots.
A slot's state is its first byte, written last at a start and first at an end: whatever a kill -9
interrupts, a slot is either whole or free. The magic number is written last of all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from struct import Struct, error
from typing import Any, Final, NamedTuple

MAGIC: Final = b"SFlight1"
HEADER: Final = Struct("<8sQII")
PULSE: Final = Struct("<Q")
PULSE_AT: Final = len(MAGIC)
#: State; alone, index of the topic, partition, offset, fingerprint.
SLOT: Final = Struct("<BBHIqI")
BODY: Final = Struct("<BHIqI")

FREE: Final = 0
RUNNING: Final = 1
#: Its handler has asked for the end of the process: nobody else is suspected.
CULPRIT: Final = 2


class InFlight(NamedTuple):
    """An attempt that was in flight when its process died.

    Attributes:
        fingerprint: of the record's value, so that another record at this offset is not taken for it.
        alone: nothing else was in flight, on purpose.
    """

    topic: str
    partition: int
    offset: int
    fingerprint: int
    alone: bool


def blank(topics: Sequence[str], slots: int) -> bytes:
    """A journal in which nothing is in flight."""
    table = json.dumps(topics).encode()
    return HEADER.pack(MAGIC, 0, slots, len(table)) + table + bytes(slots * SLOT.size)


def first_slot(topics: Sequence[str]) -> int:
    """Where the slots begin."""
    return HEADER.size + len(json.dumps(topics).encode())


def occupy(buffer: Any, at: int, place: tuple[int, int, int], fingerprint: int, *, alone: bool) -> None:
    """Fill the free slot at this position. The place is the topic's index, the partition and the offset."""
    BODY.pack_into(buffer, at + 1, alone, *place, fingerprint)
    buffer[at] = RUNNING


def accompany(buffer: Any, at: int) -> None:
    """It is not alone any more."""
    buffer[at + 1] = False


def in_flight(journal: bytes) -> list[InFlight]:
    """Whom to suspect: the culprits if there are any, else all that ran. What cannot be read is nobody."""
    try:
        magic, _, slots, length = HEADER.unpack_from(journal)
        topics = json.loads(journal[HEADER.size : HEADER.size + length]) if magic == MAGIC else []
        found = list(_occupied(journal, HEADER.size + length, slots, topics))
    except (error, ValueError):
        return []
    if len(found) > 1:  # it was alone at its start, and then outlived its timeout
        found = [(state, each._replace(alone=False)) for state, each in found]
    culprits = [each for state, each in found if state == CULPRIT]
    return culprits or [each for _, each in found]


def _occupied(journal: bytes, start: int, slots: int, topics: Sequence[str]) -> Iterator[tuple[int, InFlight]]:
    for at in range(start, start + slots * SLOT.size, SLOT.size):
        if at + SLOT.size > len(journal):
            return
        state, alone, topic, partition, offset, fingerprint = SLOT.unpack_from(journal, at)
        if state in {RUNNING, CULPRIT} and topic < len(topics):
            yield state, InFlight(topics[topic], partition, offset, fingerprint, bool(alone))
