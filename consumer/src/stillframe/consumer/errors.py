"""What a handler may raise to steer its retry, and why a worker refuses to start or cannot go on."""

from __future__ import annotations

from datetime import datetime
from math import isnan
from typing import Any

from stillframe.schemas import StillframeError


class TaskError(StillframeError):
    """Raised by a handler to say how its failure is to be treated."""


class PermanentError(TaskError):
    """Retrying cannot help: the task goes to the dead-letter topic now."""


class TransientError(TaskError):
    """Retrying may help, whatever ``permanent_on`` says."""


class RetryAfter(TransientError):
    """Retry, and not before this; it spends an attempt like any failure, but tells nothing against a dependency.

    Args:
        seconds: from now, from 0 to 30 days; or when, as a datetime with a time zone. Of anything else, such as
            the text of an HTTP header, the handler's own delays are taken.
    """

    def __init__(self, seconds: float | datetime, message: str = "") -> None:
        when: Any = seconds
        told = f"retry after {when:g} s" if isinstance(when, int | float) else f"retry after {when}"
        super().__init__(message or told)
        self.seconds = seconds

    def wait(self, now: float) -> float | None:
        """Seconds from ``now``, in epoch seconds; ``None`` if what was given does not tell."""
        when: Any = self.seconds
        if isinstance(when, datetime):
            return None if when.utcoffset() is None else when.timestamp() - now
        return when if isinstance(when, int | float) and not isnan(when) else None


class HandlerProcessError(StillframeError):
    """What middleware sees an attempt fail with whose handler runs in a process of its own."""


class ProcessDied(HandlerProcessError):
    """The process ended before the handler did; the message says how."""


class WorkerError(StillframeError):
    """The worker refuses to start or cannot go on. ``exit_code`` is what the process ends with."""

    exit_code = 1


class UnsafeTopics(WorkerError):
    """A topic is missing, or configured so that tasks could be lost. The message lists each and its cure."""

    exit_code = 3


class BrokerUnreachable(WorkerError):
    """Nothing answered at the bootstrap servers in time."""

    exit_code = 4


class FatalClientError(WorkerError):
    """librdkafka says that this client instance can do nothing more."""


class StuckHandlers(WorkerError):
    """As many handlers as there are threads have outlived their timeouts: the process drains and ends."""

    exit_code = 7


class CrashedHandler(WorkerError):
    """A handler raised SystemExit, KeyboardInterrupt or MemoryError: the process drains and ends."""

    exit_code = 6
