"""Dead letters chosen by what an operator says of them, and sorted into piles of one kind. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from stillframe.consumer.operate.dead_letters import LARGEST_NUMBER, DeadLetter, Name


@dataclass(frozen=True, slots=True)
class Filter:
    """Which dead letters are meant; every condition that is given must hold, none means all."""

    names: Collection[Name] = ()
    types: Collection[str] = ()
    errors: Collection[str] = ()

    def matches(self, dead: DeadLetter) -> bool:
        return (
            (not self.names or any(name in self.names for name in dead.names))
            and (not self.types or dead.task_type in self.types)
            and (not self.errors or any(_is_error(dead.state.error_type, error) for error in self.errors))
        )

    @property
    def is_everything(self) -> bool:
        return not (self.names or self.types or self.errors)

    def described(self) -> dict[str, list[str]] | str:
        """For the audit: ids, positions and types, no content."""
        if self.is_everything:
            return "all"
        parts = {"names": map(str, self.names), "types": self.types, "errors": self.errors}
        return {name: sorted(values) for name, each in parts.items() if (values := list(each))}


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

    def add(self, dead: DeadLetter) -> None:
        self.count += 1
        self.first = min(self.first, dead.died_at)
        if dead.died_at >= self.last:
            self.last, self.newest = dead.died_at, str(dead.position)


@dataclass(slots=True)
class Piles:
    """Dead letters sorted into piles, one at a time: none of them is kept."""

    _piles: dict[tuple[str | None, str | None], Pile] = field(default_factory=dict)

    def add(self, dead: DeadLetter) -> None:
        kind = dead.task_type, dead.state.error_type
        self._piles.setdefault(kind, Pile(*kind)).add(dead)

    @property
    def count(self) -> int:
        return sum(pile.count for pile in self._piles.values())

    def largest_first(self) -> list[Pile]:
        return sorted(self._piles.values(), key=lambda pile: (-pile.count, str(pile.task_type), str(pile.error_type)))


def _is_error(found: str | None, wanted: str) -> bool:
    """``smtplib.SMTPDataError`` is also called ``SMTPDataError``."""
    return found is not None and (found == wanted or found.rpartition(".")[2] == wanted)
