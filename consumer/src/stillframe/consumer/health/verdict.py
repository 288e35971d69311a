"""What a probe is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether all is well, and if not, every reason as a sentence."""

    ok: bool
    reasons: tuple[str, ...] = ()

    @classmethod
    def of(cls, reasons: Iterable[str]) -> Self:
        """All is well unless there is a reason why not."""
        found = tuple(reasons)
        return cls(not found, found)
