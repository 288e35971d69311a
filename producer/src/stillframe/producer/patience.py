"""How long one call may wait, and for what."""

from __future__ import annotations

import time

from stillframe.producer.settings import ProducerSettings
from stillframe.schemas.errors import EncodeError


class Patience:
    """First ``queue_timeout`` for a place in the queue, then ``delivery_timeout`` for the report; the
    caller's own timeout, where there is one, bounds the whole.

    Args:
        timeout: seconds, 0 or more.

    Raises:
        EncodeError: the timeout is negative or not a number.
    """

    def __init__(self, settings: ProducerSettings, timeout: float | None) -> None:
        if timeout is not None and not timeout >= 0:
            raise EncodeError("timeout is not a number of seconds, 0 or more")
        self._settings = settings
        self._end = None if timeout is None else time.monotonic() + timeout

    def for_place(self) -> float:
        """Seconds, from now, to wait for a place in the queue."""
        return self._bounded(self._settings.queue_timeout)

    def for_report(self) -> float:
        """Seconds, from now, before a place is even taken, after which no report is waited for."""
        return self._bounded(self._settings.queue_timeout + self._settings.delivery_timeout)

    def _bounded(self, seconds: float) -> float:
        return seconds if self._end is None else max(0.0, min(seconds, self._end - time.monotonic()))
