"""The books of a run: what each side says happened. Times are epoch seconds, of one machine's clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

#: Task id and attempt number: what a duplicate has twice.
Attempt = tuple[str, int]


class Accepted(NamedTuple):
    """A request that was answered 202. ``hopeless``: its email can never be delivered."""

    task_id: str
    at: float
    hopeless: bool


class Ended(NamedTuple):
    """An attempt's end: ``status`` is done, retry, dead or skipped."""

    task_id: str
    attempt: int
    status: str
    at: float


@dataclass(frozen=True, slots=True)
class Books:
    """The client's book, the worker's two, the dead-letter topic's content, and the broker's own.

    Attributes:
        lag: offsets of the task topic that were not committed when the worker had stopped.
    """

    accepted: Sequence[Accepted]
    started: Sequence[Attempt]
    ended: Sequence[Ended]
    dead_letters: Sequence[str]
    lag: int = 0

    def with_status(self, status: str) -> set[str]:
        return {end.task_id for end in self.ended if end.status == status}

    @property
    def retries(self) -> set[Attempt]:
        """The attempts that are owed: one after each that ended in a retry."""
        return {(end.task_id, end.attempt + 1) for end in self.ended if end.status == "retry"}


def repeated(entries: Iterable[object]) -> set[object]:
    """What is there more than once."""
    return {entry for entry, times in Counter(entries).items() if times > 1}
