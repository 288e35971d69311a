"""Dead letters sorted into piles of one kind. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from stillframe.consumer.operate.dead_letters import LARGEST_NUMBER, DeadLetter
from stillframe.consumer.operate.timeline import Axis, Timeline


@dataclass(slots=True)
class Pile:
    """The dead letters of one type that died of one error.

    Attributes:
        first, last: when the oldest and the newest died, in epoch milliseconds.
        newest: the position of the newest.
    """

    task_type: str | None
    error_type: str | None
    count: int = 0
    first: int = LARGEST_NUMBER
    last: int = -1
    newest: str = ""
    timeline: Timeline = field(default_factory=Timeline)

    def add(self, dead: DeadLetter) -> None:
        self.count += 1
        self.first = min(self.first, dead.died_at)
        self.timeline.add(dead.died_at)
        if dead.died_at >= self.last:
            self.last, self.newest = dead.died_at, str(dead.position)


@dataclass(slots=True)
class Piles:
    """Dead letters sorted into piles, one at a time: none of them is kept."""

    _piles: dict[tuple[str | None, str | None], Pile] = field(default_factory=dict)

    def add(self, dead: DeadLetter) -> None:
        kind = dead.task_type, dead.state.error_type
        if (pile := self._piles.get(kind)) is None:
            pile = self._piles[kind] = Pile(*kind)
        pile.add(dead)

    @property
    def count(self) -> int:
        return sum(pile.count for pile in self._piles.values())

    @property
    def axis(self) -> Axis:
        """The one time axis of all piles, so that their lines can be compared."""
        return Axis.of([pile.timeline for pile in self._piles.values()])

    def largest_first(self) -> list[Pile]:
        return sorted(self._piles.values(), key=lambda pile: (-pile.count, str(pile.task_type), str(pile.error_type)))
