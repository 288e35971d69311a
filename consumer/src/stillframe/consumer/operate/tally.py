"""What goes where in a redrive, counted: by task type, error and topic; and what is held back. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from stillframe.consumer.operate.dead_letters import DeadLetter


class Share(NamedTuple):
    """Dead letters of one type and error that go to one topic."""

    task_type: str | None
    error_type: str | None
    to: str


@dataclass(slots=True)
class Tally:
    """Counts, one dead letter at a time: none of them is kept.

    Attributes:
        held_back: how many for each reason.
    """

    shares: Counter[Share] = field(default_factory=Counter)
    held_back: Counter[str] = field(default_factory=Counter)

    def add(self, dead: DeadLetter, to: str) -> None:
        self.shares[Share(dead.task_type, dead.state.error_type, to)] += 1

    def hold_back(self, reason: str) -> None:
        self.held_back[reason] += 1

    @property
    def count(self) -> int:
        """How many go."""
        return self.shares.total()

    @property
    def topics(self) -> list[str]:
        return sorted({share.to for share in self.shares})

    def largest_first(self) -> list[tuple[Share, int]]:
        return sorted(self.shares.items(), key=lambda item: (-item[1], *map(str, item[0])))
