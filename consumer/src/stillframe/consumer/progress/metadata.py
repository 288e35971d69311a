"""What a commit carries beside its offset: the task types that fail, the strict waits, the completion map. Pure.

Format, version 2: ``sf2:`` and the URL-safe base64, unpadded, of unsigned LEB128 numbers: twice how many
strict waits there are, and one more if the map is of bits; how many task types fail; the types, each as a number
that stands for its name; the waits (:mod:`.strict_waits`); and to the end the completion map, as runs or as
bits (:mod:`.completion_map`). Nothing at all is the empty text. Version 1,
``sf1:``, is a map of runs without waits; it is read, and not written any more.

What does not fit is left out from the end: of the map first, since a run that is forgotten costs
duplicates, and a forgotten wait would cost a task's attempts and its due time.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from stillframe.consumer.progress.completion_map import Run, pack_bits, pack_runs, read_bits, read_runs
from stillframe.consumer.progress.leb128 import pack, take, unpack
from stillframe.consumer.progress.strict_waits import NUMBERS, Wait, pack_waits, read_waits

PREFIX: Final = "sf2:"
PREFIX_OF_MAPS: Final = "sf1:"
#: Characters of metadata. Kafka refuses more than 4,096 (offset.metadata.max.bytes).
MOST_CHARACTERS: Final = 4_000
#: Task types that are told of at most, and the bytes that each takes at most: it is a number of 32 bits.
MOST_TYPES: Final = 8
TYPE_BYTES: Final = 5
#: The two counts take no more than this: fewer than 2**14 waits would fit, and there are few types.
_COUNT_BYTES: Final = 3


class UnreadableMetadata(ValueError):
    """The metadata is none of ours: foreign, damaged, or of another version."""


class Known(NamedTuple):
    """What is known beside a committed offset: of those above it, each part by rising offset, and of task types.

    Attributes:
        failing: those whose circuit breaker was not closed, each as its number.
    """

    waits: tuple[Wait, ...] = ()
    runs: tuple[Run, ...] = ()
    failing: tuple[int, ...] = ()

    @property
    def end(self) -> int:
        """The offset after the last that something is known of; 0 if nothing is."""
        return max(self.waits[-1].offset + 1 if self.waits else 0, self.runs[-1][1] if self.runs else 0)


NOTHING: Final = Known()


def encode(
    offset: int,
    runs: Iterable[Run],
    waits: Iterable[Wait] = (),
    failing: Iterable[int] = (),
    *,
    most: int = MOST_CHARACTERS,
) -> str:
    """The metadata for a commit at ``offset``: of types, waits and the map what fits ``most`` from the front."""
    room = room_for_all(most)
    packed_types = list(_fitting((pack([each]) for each in islice(failing, MOST_TYPES)), room))
    room -= sum(map(len, packed_types))
    packed_waits = list(_fitting(pack_waits(offset, waits), room))
    packed_map, of_bits = _map(offset, tuple(runs), room - sum(map(len, packed_waits)))
    if not packed_types and not packed_waits and not packed_map:
        return ""
    counts = pack([2 * len(packed_waits) + of_bits, len(packed_types)])
    encoded = b"".join([counts, *packed_types, *packed_waits, packed_map])
    return PREFIX + urlsafe_b64encode(encoded).rstrip(b"=").decode()


def room_for_all(most: int) -> int:
    """Bytes for types, waits and map in so many characters."""
    return max(0, (most - len(PREFIX)) * 3 // 4 - _COUNT_BYTES)


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
        encoded = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return (
            _known(offset, encoded) if prefix == PREFIX else Known((), tuple(read_runs(offset, [*unpack(encoded)])))
        )
    except ValueError as error:
        raise UnreadableMetadata(str(error)) from None


def _known(offset: int, encoded: bytes) -> Known:
    (head, types), encoded = take(encoded, 2)
    failing, encoded = take(encoded, types)
    waits, encoded = take(encoded, (head >> 1) * NUMBERS)
    if not failing and not waits and not encoded:
        raise ValueError("there is neither a type nor a wait nor a map")
    runs = read_bits(offset, encoded) if head & 1 else read_runs(offset, [*unpack(encoded)])
    return Known(tuple(read_waits(offset, waits)), tuple(runs), tuple(failing))


def _map(offset: int, runs: tuple[Run, ...], room: int) -> tuple[bytes, bool]:
    """The shorter form, and whether it is that of bits; if neither fits, the one that reaches further."""
    if not runs:
        return b"", False
    bits = -(-(runs[-1][1] - offset) // 8)
    if bits <= min(room, 2 * len(runs)):  # a run takes two bytes at the least: none of them has to be packed
        return pack_bits(offset, runs, bits), True
    as_runs = list(_fitting(pack_runs(offset, runs), room))
    reach = runs[len(as_runs) - 1][1] if as_runs else offset
    if reach > offset + 8 * room or (len(as_runs) == len(runs) and sum(map(len, as_runs)) <= bits):
        return b"".join(as_runs), False
    return pack_bits(offset, runs, min(room, bits)), True


def _fitting(parts: Iterable[bytes], room: int) -> Iterator[bytes]:
    for part in parts:
        room -= len(part)
        if room < 0:
            return
        yield part
