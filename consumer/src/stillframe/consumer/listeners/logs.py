"""Logs: one JSON line an event, on standard output."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from typing import Any, BinaryIO, Final

import orjson
import structlog
from structlog.typing import FilteringBoundLogger

from stillframe.consumer.events import (
    AttemptEnded,
    AttemptStarted,
    ClientTrouble,
    CommitFailed,
    Committed,
    Event,
    HandOffFailed,
    HearsAttempts,
    LogsMeasured,
    Turned,
)
from stillframe.consumer.explain.facts import WorkerFacts
from stillframe.consumer.explain.where import explained, stacks
from stillframe.consumer.listeners.lines import line_of
from stillframe.consumer.listeners.sample import Sample
from stillframe.consumer.outcome.end import Done

#: Events that only ``debug`` shows; they come many times a second, so nothing is built for them otherwise.
QUIET: Final = frozenset({Turned, Committed, LogsMeasured})
#: Seconds between two lines of the same trouble: of a broker that refuses connections librdkafka
#: tells 20 times a second (measured), and a hand-off fails for every task that waits for it.
TROUBLE_EVERY: Final = 10.0


class Logs(HearsAttempts):
    """A listener that writes structlog's JSON lines, with a logger of its own: the application's
    structlog and logging configuration are neither read nor changed.

    Every line has ``event``, ``level``, ``timestamp`` (UTC) and ``group``. Of a trouble that repeats,
    one line in 10 s is written, with the number of those ``unsaid`` since the last. Of attempts 100 a
    second of each task type are told, and 200 of all types together, but for the first of each; what fails
    is told always, and at ``debug`` everything is.

    Args:
        level: the lowest level shown: ``debug``, ``info``, ``warning``, ``error`` or ``critical``.
        file: where to write; standard output by default.
    """

    def __init__(self, group: str, *, level: str = "info", file: BinaryIO | None = None) -> None:
        self._log = _logger(level, file).bind(group=group)
        self._verbose = level == "debug"
        self._sample = Sample()
        self.of_attempts = {} if self._verbose else {AttemptStarted: self._started, AttemptEnded: self._ended}
        self._troubles = Repeats(TROUBLE_EVERY)

    def __call__(self, event: Event) -> None:
        if self._verbose:
            self._tell(event)
        elif type(event) is AttemptStarted:
            self._started(event)
        elif type(event) is AttemptEnded:
            self._ended(event)
        elif type(event) not in QUIET:
            self._tell(event)

    def _started(self, event: AttemptStarted) -> None:
        unsaid = self._sample.started(event.arrival, event.task_type, time.monotonic())
        if unsaid is not None:
            self._tell(event, **({"unsaid": unsaid} if unsaid else {}))

    def _ended(self, event: AttemptEnded) -> None:
        told = self._sample.ended(event.arrival)
        if told or type(event.end) is not Done:
            self._tell(event)

    def _tell(self, event: Event, **more: Any) -> None:
        level, name, fields = line_of(event)
        fields |= more
        if (trouble := _trouble(event)) is not None:
            unsaid = self._troubles.unsaid(trouble, time.monotonic())
            if unsaid is None:
                return
            fields["unsaid"] = unsaid
        getattr(self._log, level)(name, **fields)

    def serving(self, address: str) -> None:
        """Log where ``/metrics``, ``/livez``, ``/readyz`` and ``/explain`` are."""
        self._log.info("health_served", address=address)

    def explain(self, facts: WorkerFacts) -> None:
        """Log what a worker is doing: one line of it, one for each partition, one for each thread."""
        for name, fields in explained(facts):
            self._log.info(name, **fields)
        for thread, stack in stacks():
            self._log.info("where_thread", thread=thread, stack=stack)


class Repeats:
    """Lets the first of equal things through, then one in every ``every`` seconds. Safe in many threads."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._said: dict[Hashable, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def unsaid(self, what: Hashable, now: float) -> int | None:
        """How many were held back since the last one let through; ``None`` holds this one back too."""
        with self._lock:
            at, count = self._said.get(what, (-self._every, 0))
            if now - at < self._every:
                self._said[what] = at, count + 1
                return None
            # What was said long ago is forgotten here: texts may be many over the weeks.
            self._said = {key: said for key, said in self._said.items() if now - said[0] < self._every}
            self._said[what] = now, 0
            return count


def _trouble(event: Event) -> Hashable | None:
    """What makes two reports of a trouble the same; ``None`` for an event that is always logged."""
    match event:
        case ClientTrouble(error) | CommitFailed(error):
            return type(event), error
        case HandOffFailed(_, topic, error):
            return type(event), topic, error
        case _:
            return None


def _logger(level: str, file: BinaryIO | None) -> FilteringBoundLogger:
    logger: Any = structlog.wrap_logger(
        structlog.BytesLogger(file),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        context_class=dict,
    )
    bound: FilteringBoundLogger = logger.bind()
    return bound
