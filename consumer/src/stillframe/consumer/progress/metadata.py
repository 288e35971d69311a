"""What a commit carries beside its offset: the strict waits, then the completion map. Pure.

Format, version 2: ``sf2:`` and the URL-safe base64, unpadded, of unsigned LEB128 numbers: how many strict
waits there are, these waits (:mod:`.strict_waits`), and the runs of the completion map to the end
(:mod:`.completion_map`). Nothing at all is the empty text. Version 1, ``sf1:``, is a map without waits; it
is read, and not written any more.

What does not fit is left out from the end: of the map first, since a run that is forgotten costs
duplicates, and a forgotten wait would cost a task's attempts and its due time.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from stillframe.consumer.progress.completion_map import Run, pack_runs, read_runs
from stillframe.consumer.progress.leb128 import pack, unpack
from stillframe.consumer.progress.strict_waits import NUMBERS, Wait, pack_waits, read_waits

PREFIX: Final = "sf2:"
PREFIX_OF_MAPS: Final = "sf1:"
#: Characters of metadata. Kafka refuses more than 4,096 (offset.metadata.max.bytes).
MOST_CHARACTERS: Final = 4_000
#: The number of waits takes no more than this: fewer than 2**14 of them would fit.
_COUNT_BYTES: Final = 2


class UnreadableMetadata(ValueError):
    """The metadata is none of ours: foreign, damaged, or of another version."""


class Known(NamedTuple):
    """What is known of the offsets above a committed one, each part by rising offset."""

    waits: tuple[Wait, ...] = ()
    runs: tuple[Run, ...] = ()

    @property
    def end(self) -> int:
        """The offset after the last that something is known of; 0 if nothing is."""
        return max(self.waits[-1].offset + 1 if self.waits else 0, self.runs[-1][1] if self.runs else 0)


NOTHING: Final = Known()


def encode(offset: int, runs: Iterable[Run], waits: Iterable[Wait] = (), *, most: int = MOST_CHARACTERS) -> str:
    """The metadata for a commit at ``offset``: of waits, then of runs, the longest prefix that fits ``most``."""
    room = (most - len(PREFIX)) * 3 // 4 - _COUNT_BYTES
    packed_waits = list(_fitting(pack_waits(offset, waits), room))
    room -= sum(map(len, packed_waits))
    packed_runs = list(_fitting(pack_runs(offset, runs), room))
    if not packed_waits and not packed_runs:
        return ""
    encoded = b"".join([pack([len(packed_waits)]), *packed_waits, *packed_runs])
    return PREFIX + urlsafe_b64encode(encoded).rstrip(b"=").decode()


def decode(offset: int, metadata: str | None) -> Known:
    """What the metadata of a commit at ``offset`` says.

    Raises:
        UnreadableMetadata: then nothing is known.
    """
    if not metadata:
        return NOTHING
    prefix, text = metadata[: len(PREFIX)], metadata[len(PREFIX) :]
    if prefix not in {PREFIX, PREFIX_OF_MAPS} or len(metadata) > MOST_CHARACTERS:
        raise UnreadableMetadata(f"{len(metadata)} characters that are neither of version 1 nor 2")
    try:
        numbers = list(unpack(urlsafe_b64decode(text + "=" * (-len(text) % 4))))
        waits = _waits_announced(numbers) if prefix == PREFIX else 0
        return Known(tuple(read_waits(offset, numbers[:waits])), tuple(read_runs(offset, numbers[waits:])))
    except ValueError as error:
        raise UnreadableMetadata(str(error)) from None


def _waits_announced(numbers: list[int]) -> int:
    """Take off the first number, the count of waits; returns how many of those that follow are theirs."""
    waits = numbers.pop(0) * NUMBERS if numbers else 0
    if waits > len(numbers) or not numbers:
        raise ValueError("there are fewer strict waits than announced")
    return waits


def _fitting(parts: Iterable[bytes], room: int) -> Iterator[bytes]:
    for part in parts:
        room -= len(part)
        if room < 0:
            return
        yield part
