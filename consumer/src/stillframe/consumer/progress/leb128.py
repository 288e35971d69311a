"""Numbers as bytes: unsigned LEB128, and zigzag for those that may be negative. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def pack(numbers: Iterable[int]) -> bytes:
    """Numbers from 0, one after another: seven bits a byte, the lowest first, the top bit on all but the last."""
    encoded = bytearray()
    for number in numbers:
        left = number
        while left >= 0x80:
            encoded.append(left & 0x7F | 0x80)
            left >>= 7
        encoded.append(left)
    return bytes(encoded)


def unpack(encoded: bytes) -> Iterator[int]:
    """The numbers in some bytes.

    Raises:
        ValueError: one of more than 63 bits, or without an end.
    """
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


def take(encoded: bytes, count: int) -> tuple[list[int], bytes]:
    """The first numbers, so many, and the bytes after them.

    Raises:
        ValueError: there are fewer; or as :func:`unpack`.
    """
    ends = [at for at, byte in enumerate(encoded, 1) if not byte & 0x80][:count]
    if len(ends) < count:
        raise ValueError("there are fewer numbers than announced")
    end = ends[-1] if ends else 0
    return list(unpack(encoded[:end])), encoded[end:]


def zigzag(number: int) -> int:
    """A number of either sign as one from 0, small where it is near 0."""
    return number << 1 if number >= 0 else -number * 2 - 1


def unzigzag(number: int) -> int:
    return -(number + 1 >> 1) if number & 1 else number >> 1
