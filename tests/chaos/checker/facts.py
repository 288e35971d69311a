"""The facts that rows of a journal amount to."""

from dataclasses import dataclass, field
from typing import NamedTuple

Partition = tuple[str, int]


class Location(NamedTuple):
    """Where a record lies."""

    topic: str
    partition: int
    offset: int

    @property
    def home(self) -> Partition:
        """Its partition."""
        return self.topic, self.partition

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.offset}"


@dataclass(frozen=True)
class Record:
    """A record as it was found in a topic after the run; `role` is task, retry or dead."""

    where: Location
    role: str
    task: str
    attempt: int
    not_before: int


@dataclass(eq=False)
class Ownership:
    """One process's hold on one partition, from its assignment until something took it away.

    Attributes:
        start: the offset it began at: the committed one, as the broker told.
        ending: revoked, lost, stopped, killed, or nothing yet.
        unfinished: what still ran when it was given up, by the process's own word.
    """

    process: str
    partition: Partition
    start: int
    since: float
    until: float = float("inf")
    ending: str = ""
    unfinished: frozenset[Location] = frozenset()

    def end(self, ending: str, at: float, unfinished: frozenset[Location] = frozenset()) -> None:
        """The first end counts: a worker that has let go may be killed afterwards."""
        if not self.ending:
            self.ending, self.until, self.unfinished = ending, at, unfinished


@dataclass(eq=False)
class Run:
    """One attempt, as the handler's side saw it.

    Attributes:
        wall: epoch milliseconds of the start.
        ended: when the handler was left; never, if its process was killed before.
        well: it returned, rather than raised.
        due: epoch milliseconds before which the next attempt must not start, if this one asked for one.
    """

    task: str
    attempt: int
    key: str
    where: Location
    ownership: Ownership
    started: float
    wall: int
    ended: float = float("inf")
    well: bool = False
    end: str = ""
    due: int | None = None


@dataclass(frozen=True)
class HandOff:
    """The broker had acknowledged a copy of this record in that topic."""

    where: Location
    topic: str
    at: float


@dataclass
class Commits:
    """What is known of one partition's committed offset, in the order in which it was known."""

    known: list[tuple[float, int]] = field(default_factory=list)

    def frontier(self, before: float) -> int:
        """The highest offset known to be committed before a moment."""
        return max((offset for at, offset in self.known if at < before), default=0)
