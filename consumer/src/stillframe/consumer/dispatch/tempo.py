"""What :class:`~stillframe.consumer.dispatch.pace.Pace` is told of this process, and who waits for what has ended.

Every method is called under the lock of the executors.
"""

from __future__ import annotations

import threading
import time
from typing import Final

from stillframe.consumer.dispatch.pace import Look, Pace

#: Attempts that one thread has to end until more is read for it; and how many seconds that may take.
DIGESTED: Final = 150
DIGEST: Final = 0.02


class Tempo:
    """Counts the attempts that have ended, and lets the pace follow from them.

    Args:
        lock: the executors'.
    """

    def __init__(self, lock: threading.Lock) -> None:
        self._pace = Pace()
        self._ended = 0
        self._digested = threading.Condition(lock)  # the poll thread, while one thread does it all
        self._digested_at = 0

    @property
    def alone(self) -> bool:
        """Whether one thread is to do it all. It may be asked without the lock."""
        return self._pace.alone

    def one_more(self) -> None:
        """An attempt has ended."""
        self._ended += 1
        if self._ended == self._digested_at:
            self._digested.notify()

    def look(self, *, plenty: bool) -> bool:
        """Time has gone by; see :meth:`Pace.look`. True if it is another number of threads from now on."""
        alone = self._pace.alone
        self._pace.look(self._now(), plenty=plenty)
        return self._pace.alone != alone

    def glance(self) -> bool:
        """As :meth:`look`, for who sees that one thread alone does not wait."""
        alone = self._pace.alone
        self._pace.glance(self._now())
        return self._pace.alone != alone

    def digest(self) -> None:
        """Wait until most of what is read at a time has ended, or for as long as it may take."""
        self._digested_at = self._ended + DIGESTED
        self._digested.wait_for(lambda: self._ended >= self._digested_at, DIGEST)

    def _now(self) -> Look:
        return Look(time.monotonic(), time.process_time(), self._ended)
