"""The completion map: which offsets above the committed one have an outcome already. Pure.

It rides in the commit's metadata, so that whoever gets the partition next runs nothing again that
ended behind one slow task (promise I3).

Format, version 1: ``sf1:`` and the URL-safe base64, unpadded, of unsigned LEB128 numbers: pairs of
how many offsets to step over and how many after them have an outcome, the first pair counted from
the committed offset. Offsets that a log leaves out (compaction, transaction markers) may lie in either.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from typing import Final

#: Offsets from the first to before the second.
Run = tuple[int, int]

PREFIX: Final = "sf1:"
#: Characters of metadata. Kafka refuses more than 4,096 (offset.metadata.max.bytes).
MOST_CHARACTERS: Final = 4_000
_MOST_BYTES: Final = (MOST_CHARACTERS - len(PREFIX)) * 3 // 4
_LARGEST: Final = 2**63 - 1


class UnreadableMap(ValueError):
    """The metadata is not a completion map: foreign, damaged, or of another version."""


def encode(offset: int, runs: Iterable[Run]) -> str:
    """The metadata for a commit at ``offset``; the longest prefix of the runs that fits. Empty for no run."""
    encoded = bytearray()
    cursor = offset
    for start, end in runs:
        pair = _leb128(start - cursor) + _leb128(end - start)
        if len(encoded) + len(pair) > _MOST_BYTES:
            break
        encoded += pair
        cursor = end
    return PREFIX + urlsafe_b64encode(encoded).rstrip(b"=").decode() if encoded else ""


def decode(offset: int, metadata: str | None) -> tuple[Run, ...]:
    """The runs in a commit's metadata, in rising order.

    Raises:
        UnreadableMap: then nothing above ``offset`` is known to have an outcome.
    """
    if not metadata:
        return ()
    if not metadata.startswith(PREFIX) or len(metadata) > MOST_CHARACTERS:
        raise UnreadableMap(f"{len(metadata)} characters that are not a completion map of version 1")
    text = metadata.removeprefix(PREFIX)
    try:
        numbers = list(_numbers(urlsafe_b64decode(text + "=" * (-len(text) % 4))))
    except ValueError as error:
        raise UnreadableMap(str(error)) from None
    if len(numbers) % 2:
        raise UnreadableMap("the last run has no length")
    return tuple(_runs(offset, numbers))


def _runs(offset: int, numbers: list[int]) -> Iterator[Run]:
    cursor = offset
    for skipped, length in zip(numbers[::2], numbers[1::2], strict=True):
        start, cursor = cursor + skipped, cursor + skipped + length
        if not length or cursor > _LARGEST:
            raise UnreadableMap("a run is empty, or ends beyond the largest offset")
        yield start, cursor


def _leb128(number: int) -> bytes:
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _numbers(encoded: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in encoded:
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            yield number
            number = shift = 0
        elif shift > 63:
            raise ValueError("a number has more than 63 bits")
    if shift:
        raise ValueError("the last number has no end")
