"""Durations, sizes and moments as an operator reads them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from stillframe.schemas.topics import SECONDS, TIER_NAME

SECOND_MS: Final = 1_000
DAY_MS: Final = 86_400_000
KIB: Final = 1_024

DURATIONS: Final = (("d", DAY_MS), ("h", 3_600_000), ("min", 60_000), ("s", SECOND_MS))
SIZES: Final = (("GiB", KIB**3), ("MiB", KIB**2), ("KiB", KIB))


def duration(milliseconds: int) -> str:
    """``604800000`` is ``7 d``; a value that is no whole number of a unit takes the next smaller one."""
    return _in_units(milliseconds, DURATIONS, "ms")


def size(count: int) -> str:
    """``65536`` is ``64 KiB``; a value that is no whole number of a unit stays in bytes."""
    return _in_units(count, SIZES, "B")


def moment(milliseconds: int | None) -> str | None:
    """Epoch milliseconds as RFC 3339 in UTC, to the second."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds // SECOND_MS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_moment(text: str, now: int) -> int:
    """Epoch milliseconds of ``2h``, which is that long before ``now``, or of an RFC 3339 moment; from 0 on.

    Raises:
        ValueError: it is neither, or a moment without a time zone.
    """
    if match := TIER_NAME.fullmatch(text):
        return max(0, now - int(match[1]) * SECONDS[match[2]] * SECOND_MS)
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: end it with Z for UTC")
    return max(0, int(found.timestamp() * SECOND_MS))


def _in_units(amount: int, units: tuple[tuple[str, int], ...], smallest: str) -> str:
    fitting = ((name, unit) for name, unit in units if amount and amount % unit == 0)
    name, unit = next(fitting, (smallest, 1))
    return f"{amount // unit:,} {name}"
