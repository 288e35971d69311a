"""Do the books agree? Pure. Sets are compared, never counts: one loss and one duplicate would cancel out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from examples.demo.books import Books, repeated

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that one side's book has and another's has not."""

    what: str
    where: tuple[str, ...]

    def __str__(self) -> str:
        more = ", …" if len(self.where) > SHOWN else ""
        return f"{len(self.where)} {self.what}: {', '.join(self.where[:SHOWN])}{more}"


def faults(books: Books) -> list[Fault]:
    """Everything in which the books disagree; empty if they balance."""
    found = _tasks(books) | _attempts(books) | _dead_letters(books)
    return [Fault(what, tuple(sorted(map(_name, where)))) for what, where in found.items() if where]


def _tasks(books: Books) -> dict[str, Collection[object]]:
    accepted = {entry.task_id for entry in books.accepted}
    hopeless = {entry.task_id for entry in books.accepted if entry.hopeless}
    done, dead = books.with_status("done"), books.with_status("dead")
    return {
        "accepted with 202, but neither done nor dead": accepted - done - dead,
        "done or dead, but never accepted": (done | dead) - accepted,
        "both done and dead": done & dead,
        "done, although hopeless": done & hopeless,
        "dead, although not hopeless": (dead & accepted) - hopeless,
        "answered with one id to two requests": repeated(entry.task_id for entry in books.accepted),
    }


def _attempts(books: Books) -> dict[str, Collection[object]]:
    started = set(books.started)
    ended = {(end.task_id, end.attempt) for end in books.ended}
    again = {attempt for attempt in started if attempt[1] > 1}
    return {
        "duplicates, one attempt of one task started twice": repeated(books.started),
        "attempts that ended twice": repeated((end.task_id, end.attempt) for end in books.ended),
        "attempts started that never ended": started - ended,
        "attempts ended that never started": ended - started,
        "retries owed that never started": books.retries - started,
        "attempts made without a retry being owed": again - books.retries,
    }


def _dead_letters(books: Books) -> dict[str, Collection[object]]:
    letters, dead = set(books.dead_letters), books.with_status("dead")
    return {
        "given up by the worker, but not in the dead-letter topic": dead - letters,
        "in the dead-letter topic, but not given up by the worker": letters - dead,
        "in the dead-letter topic twice": repeated(books.dead_letters),
        "offsets left uncommitted by a worker that had stopped": range(books.lag),
    }


def _name(entry: object) -> str:
    return f"{entry[0]} attempt {entry[1]}" if isinstance(entry, tuple) else str(entry)
