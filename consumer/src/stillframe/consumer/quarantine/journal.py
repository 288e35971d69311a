"""The journal of what is in flight: memory that this process and its supervisor share.

It has to outlive this process at any instruction, and nothing more: the supervisor opens it and
hands it on as a descriptor, so that there is no directory to choose, to fill up or to clean. A
start costs a write to memory, and no system call.
"""

from __future__ import annotations

import itertools
import mmap
import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from stillframe.consumer.quarantine import slots
from stillframe.consumer.quarantine.marks import Verdict, fingerprint
from stillframe.consumer.quarantine.pulse import TICK
from stillframe.consumer.quarantine.slots import InFlight

if TYPE_CHECKING:  # the supervisor reads the journal, and imports nothing large
    from stillframe.consumer.intake.arrival import Arrival


def open_journal() -> int:
    """In the supervisor: a descriptor of memory, or where there is no such thing of a file without a name."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("stillframe-journal")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def read(descriptor: int) -> list[InFlight]:
    """What was in flight when the process died that wrote this journal last."""
    return slots.in_flight(os.pread(descriptor, os.fstat(descriptor).st_size, 0))


def pulse(descriptor: int) -> int:
    """How often the process has beaten; 0 before its first beat."""
    beats = os.pread(descriptor, slots.PULSE.size, slots.PULSE_AT)
    return int(slots.PULSE.unpack(beats)[0]) if len(beats) == slots.PULSE.size else 0


def still_pulse(descriptor: int) -> None:
    """Set the pulse back to 0: the process that beats next has yet to begin."""
    if os.fstat(descriptor).st_size:
        os.pwrite(descriptor, slots.PULSE.pack(0), slots.PULSE_AT)


class Journal:
    """Notes every start and end of an attempt. Safe in many threads.

    Making one wipes what an earlier process has left there.

    Args:
        topics: every topic that records may come from.
        most: attempts in flight at the same time; those beyond are not noted.
    """

    def __init__(self, descriptor: int, topics: Sequence[str], most: int) -> None:
        content = slots.blank(topics, most)
        os.ftruncate(descriptor, 0)
        os.ftruncate(descriptor, len(content))
        self._memory = mmap.mmap(descriptor, len(content))
        self._memory[len(slots.MAGIC) :] = content[len(slots.MAGIC) :]
        self._memory[: len(slots.MAGIC)] = slots.MAGIC
        self._topics = {topic: index for index, topic in enumerate(topics)}
        start = slots.first_slot(topics)
        self._free = deque(range(start, start + most * slots.SLOT.size, slots.SLOT.size))
        self._most = most

    def start(self, arrival: Arrival) -> int | None:
        """Note that an attempt is in flight; returns its slot."""
        try:
            at = self._free.popleft()
        except IndexError:
            return None
        record = arrival.record
        alone = arrival.verdict is Verdict.ALONE and len(self._free) == self._most - 1
        place = self._topics[record.topic], record.partition, record.offset
        slots.occupy(self._memory, at, place, fingerprint(record.value), alone=alone)
        return at

    def end(self, slot: int | None) -> None:
        """It has come to its end, with whatever outcome."""
        if slot is not None:
            self._memory[slot] = slots.FREE
            self._free.append(slot)

    def blame(self, slot: int | None) -> None:
        """Its handler has asked for the end of the process: it is the only suspect."""
        if slot is not None:
            if len(self._free) < self._most - 1:
                slots.accompany(self._memory, slot)
            self._memory[slot] = slots.CULPRIT

    def close(self) -> list[InFlight]:
        """From here on it suspects nobody; returns whom it suspects now."""
        suspects = slots.in_flight(bytes(self._memory))
        self._memory[: len(slots.MAGIC)] = bytes(len(slots.MAGIC))
        return suspects

    def beat(self) -> None:
        """From now on, show the supervisor every second that the interpreter goes round."""
        slots.PULSE.pack_into(self._memory, slots.PULSE_AT, 1)
        threading.Thread(target=self._beat, name="stillframe-pulse", daemon=True).start()

    def _beat(self) -> None:
        for beats in itertools.count(2):
            time.sleep(TICK)
            slots.PULSE.pack_into(self._memory, slots.PULSE_AT, beats)
