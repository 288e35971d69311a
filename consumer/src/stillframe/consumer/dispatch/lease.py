"""The lease: whether what waits in memory may still be taken for ours. Pure: ``now`` is passed in.

Only the poll thread hears that partitions are lost. While it has not turned for long, others may own
them: the process was frozen (SIGSTOP, a suspended machine, C code that held the interpreter lock), or
the poll thread itself was held up. When the process thaws, handler threads are as quick as the poll
thread, and its first poll may be over before a heartbeat has been answered. So:

- nothing starts while the poll thread's last turn is older than ``patience``, half a session: before
  others can own anything;
- when it turns after such a gap, membership is in doubt, and nothing starts until the broker has accepted
  a commit that was sent after it. A coordinator accepts a commit from a member of the group's current
  generation (or epoch) alone, and hands a member's partitions to nobody else while it is one.

A broker outage by itself casts no doubt: the poll thread turns on, and if the session runs out
meanwhile librdkafka says that the partitions are lost. An outage *after* a gap keeps the doubt until
the broker is back: what would be started could neither be told to be ours nor be committed. Handlers
that run already go on to their end, and nothing has to be restarted: commits are tried until one is
accepted, or the partitions are lost and given out anew.
"""

from __future__ import annotations

import time
from typing import Final

#: Seconds between two commits that are to end the doubt.
ASK_EVERY: Final = 0.25

# Linux's monotonic clock stands still while the machine is suspended; its boot-time clock goes on, as
# CLOCK_MONOTONIC does elsewhere.
_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def lease_clock() -> float:
    """Seconds that also pass while the process is stopped or the machine is suspended."""
    return time.clock_gettime(_CLOCK)


class Lease:
    """Times are in seconds by :func:`lease_clock`.

    Args:
        patience: seconds without a turn of the poll thread after which nothing starts; half a session.

    Attributes:
        doubted_since: when the poll thread turned after a gap; ``None`` while nothing is in doubt.
    """

    __slots__ = ("_asked", "_patience", "_turned", "doubted_since")

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._turned: float | None = None
        self._asked = 0.0
        self.doubted_since: float | None = None

    def holds(self, now: float) -> bool:
        """Whether anything may start. The poll thread may turn meanwhile: it casts the doubt first, and turns then;
        so whoever sees that it has turned sees the doubt.
        """
        turned = self._turned
        return turned is not None and now - turned <= self._patience and self.doubted_since is None

    def turned(self, now: float) -> float | None:
        """The poll thread goes round. After a gap: how long it was; from now on membership is in doubt."""
        gap = 0.0 if self._turned is None else now - self._turned
        if doubtful := gap > self._patience:
            self.doubted_since = now
            self._asked = now - ASK_EVERY
        self._turned = now
        return gap if doubtful else None

    def asks(self, now: float) -> bool:
        """Whether a commit should go out now, whatever there is to commit."""
        if self.doubted_since is None or now - self._asked < ASK_EVERY:
            return False
        self._asked = now
        return True

    def proved(self, sent: float) -> bool:
        """The broker has accepted a commit that was sent then; True if that has ended a doubt."""
        if self.doubted_since is None or sent < self.doubted_since:
            return False
        self.doubted_since = None
        return True
