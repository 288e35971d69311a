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

    def says_more(self, other: "Commit") -> bool:
        """Whether it says of an offset that it has an outcome of which the other does not."""
        return self.offset > other.offset or not all(other.covers_run(*run) for run in self.done_above)

    def covers_run(self, start: int, end: int) -> bool:
        """Whether it covers every offset of a run."""
        return end <= self.offset or any(
            begin <= max(start, self.offset) and end <= stop for begin, stop in self.done_above
        )

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
        successor: the next one of its partition, whoever's; when it began, this one was over for the broker.
        predecessor: the one before.
        refused: its last commit, by a coordinator that was moving.
    """

    process: str
    partition: Partition
    start: Commit
    until: float = float("inf")
    ending: str = ""
    unfinished: frozenset[Location] = frozenset()
    commits: list[Commit] = field(default_factory=list)
    successor: "Ownership | None" = None
    predecessor: "Ownership | None" = None
    refused: bool = False

    @property
    def since(self) -> float:
        """When it began."""
        return self.start.at

    @property
    def lost(self) -> bool:
        """Whether its process was the last to know that it was over."""
        return self.ending == "lost"

    def over(self, at: float) -> bool:
        """Whether somebody else had the partition by then."""
        return self.successor is not None and self.successor.since < at

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

    @property
    def what(self) -> tuple[str, int, Location]:
        """The attempt, and the record it was made from."""
        return self.task, self.attempt, self.where

    @property
    def late(self) -> bool:
        """Whether it was started by a process that did not know yet that it had lost its session."""
        return self.ownership.lost and self.ownership.over(self.started)


@dataclass(frozen=True)
class Spell:
    """A time in which a process could not be heard of: frozen, or cut off from the brokers."""

    kind: str
    process: str
    since: float
    until: float = float("inf")


@dataclass(frozen=True)
class Exit:
    """A process that was asked to end, and has."""

    process: str
    code: int
    seconds: float


@dataclass(frozen=True)
class Outage:
    """A broker that was killed or stopped, what it led, and whether it coordinated the group."""

    at: float
    kind: str
    node: int
    leads: int
    coordinator: bool


@dataclass(frozen=True)
class HandOff:
    """The broker had acknowledged to a process its copy of this record in that topic."""

    process: str
    where: Location
    topic: str
    at: float
