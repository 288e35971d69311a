"""What a handler may raise to steer its retry, and why a worker refuses to start or cannot go on."""

from __future__ import annotations

from stillframe.schemas import StillframeError


class TaskError(StillframeError):
    """Raised by a handler to say how its failure is to be treated."""


class PermanentError(TaskError):
    """Retrying cannot help: the task goes to the dead-letter topic now."""


class TransientError(TaskError):
    """Retrying may help, whatever ``permanent_on`` says."""


class RetryAfter(TransientError):
    """Retry, and not before this many seconds from now; it spends an attempt like any failure.

    Args:
        seconds: from 0 to 30 days.
    """

    def __init__(self, seconds: float, message: str = "") -> None:
        super().__init__(message or f"retry after {seconds:g} s")
        self.seconds = seconds


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
