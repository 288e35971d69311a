"""Lets a suspect run with nothing beside it, so that a crash then is its own. Pure: no thread, no clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Suspectable(Protocol):
    """What may have to run alone."""

    @property
    def alone(self) -> bool: ...


Item = TypeVar("Item", bound=Suspectable)


class Solitude(Generic[Item]):
    """Stands before whatever says which item comes next.

    Promise I8: once a suspect's turn has come nothing else starts; when nothing runs any more, it
    does; when it has ended, the others go on.

    Attributes:
        suspect: the one that waits to run alone, or does.
    """

    __slots__ = ("_started", "suspect")

    def __init__(self) -> None:
        self.suspect: Item | None = None
        self._started = False

    def may_start(self, running: int) -> bool:
        """Whether a suspect waits for nothing more, while so many run."""
        return self.suspect is not None and not running and not self._started

    def next(self, take: Callable[[], Item | None], running: int) -> Item | None:
        """The item to start now, while so many run; ``None`` if there is none, or if none may."""
        if self.suspect is None:
            item = take()
            if item is None or not item.alone:
                return item
            self.suspect = item
        if running or self._started:
            return None
        self._started = True
        return self.suspect

    def left(self, item: Item) -> None:
        """It has ended, or has outlived its timeout: then it does not hold back the others any longer."""
        if item is self.suspect:
            self.suspect = None
            self._started = False

    def drop(self, unwanted: Callable[[Item], bool]) -> list[Item]:
        """Take out the suspect that waits, if it is unwanted."""
        if self.suspect is None or self._started or not unwanted(self.suspect):
            return []
        dropped, self.suspect = self.suspect, None
        return [dropped]
