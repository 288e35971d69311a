"""Where a key goes: the hash of Java's clients, as docs/wire-format.md has it."""

from typing import Final

MASK: Final = 0xFFFF_FFFF
M: Final = 0x5BD1_E995


def murmur2(key: bytes) -> int:
    """MurmurHash2, 32 bits, little-endian, with Kafka's seed; unsigned."""
    hashed = 0x9747_B28C ^ len(key)
    whole = len(key) - len(key) % 4
    for start in range(0, whole, 4):
        word = int.from_bytes(key[start : start + 4], "little") * M & MASK
        word = (word ^ word >> 24) * M & MASK
        hashed = hashed * M & MASK ^ word
    if rest := key[whole:]:
        hashed = (hashed ^ int.from_bytes(rest, "little")) * M & MASK
    hashed = (hashed ^ hashed >> 13) * M & MASK
    return hashed ^ hashed >> 15


def partition_of(key: bytes, partitions: int) -> int:
    return (murmur2(key) & 0x7FFF_FFFF) % partitions
