"""A journal of attempts, kept by a worker's middleware in the test's own process."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from stillframe.consumer import TaskContext
from stillframe.schemas import Task


@dataclass(frozen=True)
class Entry:
    """One attempt. Times are epoch seconds; `ended` is None for one that never came back."""

    worker: str
    task_id: str
    attempt: int
    key: bytes | None
    topic: str
    partition: int
    offset: int
    started: float
    ended: float | None
    failed: bool


class Journal:
    """Entries of attempts, in the order in which they ended; `running` holds the others."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.started: list[tuple[str, int]] = []
        self._lock = threading.Lock()

    def middleware(self, worker: str = "worker") -> Callable[[Task[Any], TaskContext, Callable[[], Any]], Any]:
        """A middleware that writes every attempt down under the worker's name."""

        def write(task: Task[Any], context: TaskContext, call_next: Callable[[], Any]) -> Any:
            started = time.time()
            with self._lock:
                self.started.append((context.task_id, context.attempt))
            failed = True
            try:
                result = call_next()
                failed = False
            finally:
                delivery = context.delivery
                where = (delivery.topic, delivery.partition, delivery.offset)
                ended = time.time()
                entry = Entry(worker, context.task_id, context.attempt, task.key, *where, started, ended, failed)
                with self._lock:
                    self.entries.append(entry)
            return result

        return write

    @property
    def done(self) -> set[str]:
        """Ids of the tasks whose handler has returned."""
        return {entry.task_id for entry in tuple(self.entries) if not entry.failed}

    @property
    def duplicates(self) -> set[tuple[str, int]]:
        """Task id and attempt of everything that was started more than once."""
        return {each for each, times in Counter(tuple(self.started)).items() if times > 1}

    def overlaps(self, *, anywhere: bool = False) -> list[tuple[Entry, Entry]]:
        """Pairs of attempts of one key that ran at the same time in one worker, or in whichever."""
        found = []
        for one, next_one in _neighbours(self.entries, anywhere=anywhere):
            if one.ended is not None and next_one.started < one.ended:
                found.append((one, next_one))
        return found

    def inversions(self, *, anywhere: bool = False) -> list[tuple[Entry, Entry]]:
        """Pairs of first attempts of one key that started in another order than their offsets."""
        firsts = [entry for entry in self.entries if entry.attempt == 1]
        pairs = _neighbours(firsts, anywhere=anywhere)
        return [(one, next_one) for one, next_one in pairs if next_one.offset < one.offset]


def _neighbours(entries: list[Entry], *, anywhere: bool) -> list[tuple[Entry, Entry]]:
    """Attempts that followed each other within a key, and a worker unless anywhere, by the time they started."""
    lanes: dict[tuple[str, bytes | None], list[Entry]] = {}
    for entry in sorted(entries, key=lambda each: each.started):
        lanes.setdefault(("" if anywhere else entry.worker, entry.key), []).append(entry)
    return [pair for lane in lanes.values() for pair in pairwise(lane)]
