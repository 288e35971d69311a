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


@dataclass(frozen=True)
class Commit:
    """A committed offset, and runs of offsets above it that count as done, when they were known of.

    `full` says that the map has no room for more runs.
    """

    at: float
    offset: int
    done_above: tuple[tuple[int, int], ...]
    full: bool

    def covers(self, offset: int) -> bool:
        """Whether it says of an offset that it has an outcome."""
        return offset < self.offset or any(start <= offset < end for start, end in self.done_above)

    @property
    def reach(self) -> int:
        """The first offset of which it says nothing, nor of any after it."""
        return self.done_above[-1][1] if self.done_above else self.offset


@dataclass(eq=False)
class Ownership:
    """One process's hold on one partition, from its assignment until something took it away.

    Attributes:
        start: the commit it began at, as the broker told.
        ending: revoked, lost, stopped, killed, or nothing yet.
        unfinished: what still ran when it was given up, by the process's own word.
        commits: those that the broker has acknowledged to the process.
    """

    process: str
    partition: Partition
    start: Commit
    until: float = float("inf")
    ending: str = ""
    unfinished: frozenset[Location] = frozenset()
    commits: list[Commit] = field(default_factory=list)

    @property
    def since(self) -> float:
        """When it began."""
        return self.start.at

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
    """The broker had acknowledged to a process its copy of this record in that topic."""

    process: str
    where: Location
    topic: str
    at: float
