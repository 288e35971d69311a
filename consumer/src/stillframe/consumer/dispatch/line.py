"""A fair line: what stands in it takes turns by where it came from. Pure: no thread, no clock, no Kafka."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Ticket = TypeVar("Ticket")


class Line(Generic[Ticket]):
    """Tickets by source. Each source has one turn a round, and within it the longest waiting comes first.

    So a source with a thousand tickets, such as a partition with a deep backlog, does not make one wait
    that has a single one.
    """

    __slots__ = ("_sources", "size")

    def __init__(self) -> None:
        # The source whose turn is next stands first. A source without tickets does not stand here.
        self._sources: OrderedDict[Hashable, OrderedDict[Ticket, None]] = OrderedDict()
        self.size = 0

    def add(self, source: Hashable, ticket: Ticket) -> None:
        tickets = self._sources.get(source)
        if tickets is None:
            tickets = self._sources[source] = OrderedDict()
        tickets[ticket] = None
        self.size += 1

    def take(self) -> Ticket | None:
        """The next ticket; ``None`` if nobody stands in line."""
        if not self.size:
            return None
        self.size -= 1
        source, tickets = self._sources.popitem(last=False)
        ticket, _ = tickets.popitem(last=False)
        if tickets:
            self._sources[source] = tickets
        return ticket

    def remove(self, source: Hashable, ticket: Ticket) -> None:
        """It has left the line without having had its turn."""
        tickets = self._sources[source]
        del tickets[ticket]
        self.size -= 1
        if not tickets:
            del self._sources[source]
