"""Whether one thread gets more done than all of them. Pure: times are passed in.

Handlers that never wait for anything outside share one interpreter: more threads do no more, and to take the
interpreter from each other costs them, on several processors, as much again as the tasks (measured: no-op tasks,
two processors, 16 threads, 6,000 a second; one thread, 11,000). What handlers do cannot be told from outside, so
both ways are tried, and the one that ends more attempts a second is taken until the other is tried again.
"""

from __future__ import annotations

from typing import Final, NamedTuple

#: Seconds of one way that are compared with the other.
TRIAL: Final = 0.2
#: Seconds in which one thread alone has to end something, or it waits, and the others are let in.
GLANCE: Final = 0.05
#: Seconds until the other way is tried, the first time and at most; twice as long each time that it was no better.
FIRST_WAIT: Final = 2.0
LONGEST_WAIT: Final = 60.0
#: Processors in use from which the interpreter may be what threads wait for.
TAKEN: Final = 0.7
#: How much more the other way has to do: rates are rough, and one thread costs less.
ALONE_IS_BETTER: Final = 1.05
ALL_ARE_BETTER: Final = 1.3
#: How much less one thread may do than it did before, lest the tasks be others by now.
LESS: Final = 0.5
#: How much the newest rate of the way that is taken counts next to those before.
NEWEST: Final = 0.3


class Look(NamedTuple):
    """What has been so far.

    Attributes:
        at: seconds of a monotonic clock.
        processor: seconds of processor time that the process has used.
        ended: attempts that have ended.
    """

    at: float
    processor: float
    ended: int


class Pace:
    """One thread or all of them.

    Attributes:
        alone: whether one thread is to do it.
    """

    __slots__ = ("_plenty_at", "_seen", "_since", "_try_at", "_trying", "_usual", "_wait", "alone")

    def __init__(self) -> None:
        self.alone = False
        self._since: Look | None = None
        self._seen: Look | None = None
        # Attempts a second by the way that is taken.
        self._usual: float | None = None
        self._trying = False
        self._wait = FIRST_WAIT
        self._try_at = self._plenty_at = 0.0

    def look(self, now: Look, *, plenty: bool) -> None:
        """Time has gone by: compare, or try the other way, if it is time for that.

        Args:
            plenty: whether every thread has something to start; where that has not been so for a while, there is
                nothing to compare.
        """
        since = self._since
        if plenty:
            self._plenty_at = now.at
        if now.at - self._plenty_at > TRIAL:
            self._begin_anew(None)
        elif since is None:
            self._since = now
        elif now.at - since.at >= TRIAL:
            self._since = now
            self._compare(_rate(since, now), _used(since, now), now.at)

    def glance(self, now: Look) -> None:
        """While one thread is to do it all: it must not wait for anything for long, for the others have work."""
        seen = self._seen
        if not self.alone or seen is None or now.ended != seen.ended:
            self._seen = now
        elif now.at - seen.at >= GLANCE:
            self._begin_anew(now)
            self._put_off(now.at)

    def _compare(self, rate: float, used: float, now: float) -> None:
        usual = rate if self._usual is None else self._usual
        if self.alone and rate < usual * LESS:
            self._begin_anew(self._since)
            self._put_off(now)
        elif not self._trying:
            self._usual = NEWEST * rate + (1 - NEWEST) * usual
            if now >= self._try_at and (self.alone or used >= TAKEN):
                self._trying, self.alone = True, not self.alone
        elif rate >= usual * (ALONE_IS_BETTER if self.alone else ALL_ARE_BETTER):
            self._trying, self._usual = False, rate
            self._wait = FIRST_WAIT
            self._try_at = now + self._wait
        else:
            self._trying, self.alone = False, not self.alone
            self._put_off(now)

    def _begin_anew(self, since: Look | None) -> None:
        self.alone = self._trying = False
        self._since, self._usual = since, None

    def _put_off(self, now: float) -> None:
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        self._try_at = now + self._wait


def _rate(since: Look, now: Look) -> float:
    """Attempts that have ended in a second."""
    return (now.ended - since.ended) / (now.at - since.at)


def _used(since: Look, now: Look) -> float:
    """Processors in use."""
    return (now.processor - since.processor) / (now.at - since.at)
