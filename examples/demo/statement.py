"""The balance in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from examples.demo.balance import Fault
from examples.demo.books import Books, repeated


def statement(books: Books, refused: int) -> list[str]:
    """Both sides of the books, line by line, and how long the tasks took.

    Args:
        refused: requests that were not answered 202.
    """
    done, dead = len(books.with_status("done")), len(books.with_status("dead"))
    accepted = len(books.accepted)
    lines = [
        f"{accepted + refused:>7,} requests   = {accepted:,} accepted with 202 + {refused:,} refused",
        f"{accepted:>7,} accepted   = {done:,} done + {dead:,} dead",
        f"{len(books.retries):>7,} retries    = failed attempts, each followed by exactly the next one",
        f"{len(set(books.dead_letters)):>7,} dead       = records in the dead-letter topic, the same ones",
        f"{len(repeated(books.started)):>7,} duplicates = attempts of a task that were started twice",
    ]
    first, later = latencies(books)
    for what, times in (("at the first attempt", first), ("after retries", later)):
        if times:
            lines.append(f"{len(times):>7,} done {what}, from 202: {_percentiles(times)}")
    return lines


def verdict(found: Sequence[Fault], seconds: float) -> list[str]:
    """The last lines: balanced or not, and on which side."""
    if not found:
        return [f"The books balance: nothing lost, nothing done twice. ({seconds:.1f} s)"]
    return ["THE BOOKS DO NOT BALANCE:", *(f"  {fault}" for fault in found)]


def latencies(books: Books) -> tuple[list[float], list[float]]:
    """Seconds from the client's 202 to done: of the tasks done at their first attempt, and of the others.

    A worker can be done before the answer has reached the client: that counts as no time at all.
    """
    accepted = {entry.task_id: entry.at for entry in books.accepted}
    first: list[float] = []
    later: list[float] = []
    for end in books.ended:
        if end.status == "done" and end.task_id in accepted:
            times = first if end.attempt == 1 else later
            times.append(max(0.0, end.at - accepted[end.task_id]))
    return first, later


def _percentiles(times: Sequence[float]) -> str:
    """By nearest rank: each figure is the time of a task."""
    rising = sorted(times)
    p50, p99 = (rising[ceil(share * len(rising)) - 1] for share in (0.50, 0.99))
    return f"p50 {_duration(p50)}, p99 {_duration(p99)}"


def _duration(seconds: float) -> str:
    return f"{seconds * 1_000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
