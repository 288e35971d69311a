"""Where everything is, as log lines: the answer to SIGUSR1."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from stillframe.consumer.explain.facts import WorkerFacts
from stillframe.consumer.explain.sentences import why

#: Frames told of a thread at most, the innermost first.
DEEPEST: Final = 40


def explained(facts: WorkerFacts) -> Iterator[tuple[str, dict[str, Any]]]:
    """A line of the worker, then one for each partition, with the reason as a sentence."""
    yield (
        "where_worker",
        {name: value for name, value in asdict(facts).items() if name not in {"group", "partitions"}},
    )
    for partition in facts.partitions:
        yield "where_partition", {"why": why(partition, facts)} | asdict(partition)


def stacks() -> Iterator[tuple[str, list[str]]]:
    """Each thread of Python's with its stack: places in the code only, no values."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        places = [f"{each.filename}:{each.lineno} in {each.name}" for each in traceback.extract_stack(frame)]
        yield names.get(ident, f"thread {ident}"), places[: -DEEPEST - 1 : -1]
