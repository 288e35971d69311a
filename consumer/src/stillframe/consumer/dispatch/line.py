"""A fair line: what stands in it takes turns by where it came from. Pure: no thread, no clock, no Kafka."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Ticket = TypeVar("Ticket")
#: What can be set aside, and from where.
Source = tuple[Hashable, Hashable]
Tickets = OrderedDict[Source, OrderedDict[Ticket, None]]


class Line(Generic[Ticket]):
    """Tickets by source. Each source has one turn a round, and within it the longest waiting comes first.

    So a source with a thousand tickets, such as a partition with a deep backlog, does not make one wait
    that has a single one. A kind of sources may be set aside: it stands in line no more, but keeps its order.
    """

    __slots__ = ("_aside", "_sources", "size")

    def __init__(self) -> None:
        # The source whose turn is next stands first. A source without tickets does not stand here.
        self._sources: Tickets[Ticket] = OrderedDict()
        self._aside: dict[Hashable, Tickets[Ticket]] = {}
        self.size = 0

    def add(self, source: Source, ticket: Ticket) -> bool:
        """Whether it stands in line; if not, its kind is set aside."""
        aside = self._aside.get(source[0]) if self._aside else None
        sources = self._sources if aside is None else aside
        tickets = sources.get(source)
        if tickets is None:
            tickets = sources[source] = OrderedDict()
        tickets[ticket] = None
        if aside is not None:
            return False
        self.size += 1
        return True

    def put_first(self, source: Source, ticket: Ticket) -> None:
        """The turn is its, and its source's, before all others'."""
        aside = self._aside.get(source[0])
        sources = self._sources if aside is None else aside
        sources[source].move_to_end(ticket, last=False)
        sources.move_to_end(source, last=False)

    def take(self) -> Ticket | None:
        """The next ticket; ``None`` if nobody stands in line."""
        if not self.size:
            return None
        self.size -= 1
        return _next(self._sources)

    def take_aside(self, kind: Hashable) -> Ticket | None:
        """The next ticket of a kind that is set aside, if there is one."""
        aside = self._aside.get(kind)
        return _next(aside) if aside else None

    def remove(self, source: Source, ticket: Ticket) -> None:
        """It has left the line without having had its turn."""
        aside = self._aside.get(source[0])
        sources = self._sources if aside is None else aside
        tickets = sources[source]
        del tickets[ticket]
        if not tickets:
            del sources[source]
        if aside is None:
            self.size -= 1

    def set_aside(self, kind: Hashable) -> list[Ticket]:
        """From now on no source of this kind has a turn. Returns the tickets that stand aside since."""
        if kind in self._aside:
            return []
        moved: Tickets[Ticket] = OrderedDict(
            (source, self._sources.pop(source)) for source in list(self._sources) if source[0] == kind
        )
        self._aside[kind] = moved
        aside = [ticket for tickets in moved.values() for ticket in tickets]
        self.size -= len(aside)
        return aside

    def let_back(self, kind: Hashable) -> list[Ticket]:
        """The sources of this kind have turns again, from the end of the line. Returns their tickets."""
        moved = self._aside.pop(kind)
        self._sources |= moved
        back = [ticket for tickets in moved.values() for ticket in tickets]
        self.size += len(back)
        return back

    def aside(self, kind: Hashable) -> list[Ticket]:
        """The tickets of a kind that is set aside."""
        return [ticket for tickets in self._aside.get(kind, {}).values() for ticket in tickets]

    def size_aside(self, kind: Hashable) -> int:
        """How many tickets of this kind are set aside."""
        return sum(map(len, self._aside.get(kind, {}).values()))


def _next(sources: Tickets[Ticket]) -> Ticket:
    source, tickets = sources.popitem(last=False)
    ticket, _ = tickets.popitem(last=False)
    if tickets:
        sources[source] = tickets
    return ticket
