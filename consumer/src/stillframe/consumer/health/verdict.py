"""What a probe is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether all is well, and if not, every reason as a sentence.

    Attributes:
        notes: what is held back on purpose, as sentences; none of it is a fault.
    """

    ok: bool
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, reasons: Iterable[str], notes: Iterable[str] = ()) -> Self:
        """All is well unless there is a reason why not."""
        found = tuple(reasons)
        return cls(not found, found, tuple(notes))
