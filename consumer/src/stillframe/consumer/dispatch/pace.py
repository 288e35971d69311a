"""Whether one thread gets more done than all of them. Pure: times are passed in.

Handlers that never wait for anything outside share one interpreter: more threads do no more, and to take the
interpreter from each other costs them, on several processors, as much again as the tasks (measured: no-op tasks,
two processors, 16 threads, 6,000 a second; one thread, 11,000). What handlers do cannot be told from outside, so
both ways are tried, and the one that ends more attempts a second is taken until the other is tried again.
"""

from __future__ import annotations

from typing import Final, NamedTuple

#: Seconds of one way that are compared with the other, before and after them.
TRIAL: Final = 0.2
#: Seconds at the beginning that tell nothing: all the rest is beginning too.
SETTLE: Final = 0.5
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

    The other way is taken for a while, and then the first again: only if it did more than both before and after, it
    is better, and not just later.

    Attributes:
        alone: whether one thread is to do it.
    """

    __slots__ = ("_other", "_plenty_at", "_seen", "_since", "_try_at", "_trying", "_usual", "_wait", "alone")

    def __init__(self) -> None:
        self.alone = False
        self._since: Look | None = None
        self._seen: Look | None = None
        # Attempts a second by the way that is taken, and by the other one from its trial until that is judged.
        self._usual: float | None = None
        self._other: float | None = None
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
            self._try_at = max(self._try_at, now.at + SETTLE)
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
        if self.alone and self._trying and self._goes_badly(now):
            self._begin_anew(now)

    def _goes_badly(self, now: Look) -> bool:
        since, usual = self._since, self._usual
        if since is None or usual is None or now.at - since.at < GLANCE:
            return False
        return _rate(since, now) < usual * LESS

    def _compare(self, rate: float, used: float, now: float) -> None:
        usual = rate if self._usual is None else self._usual
        if self._trying:  # and now the first way again
            self._trying, self._other, self.alone = False, rate, not self.alone
        elif self._other is not None:
            self._judge(self._other, max(usual, rate), now)
        elif self.alone and rate < usual * LESS:
            self._begin_anew(self._since)
        else:
            self._usual = NEWEST * rate + (1 - NEWEST) * usual
            if now >= self._try_at and (self.alone or used >= TAKEN):
                self._trying, self.alone = True, not self.alone

    def _judge(self, other: float, this: float, now: float) -> None:
        """The other way was tried, and this one before it and after it."""
        self._other = None
        if other >= this * (ALL_ARE_BETTER if self.alone else ALONE_IS_BETTER):
            self.alone, self._usual, self._wait = not self.alone, other, FIRST_WAIT
            self._try_at = now + self._wait
        else:
            self._put_off(now)

    def _begin_anew(self, since: Look | None) -> None:
        """With all threads; one alone is tried again when that has been put off for longer than the last time."""
        if self.alone and since is not None:
            self._put_off(since.at)
        self.alone = self._trying = False
        self._since, self._usual, self._other = since, None, None

    def _put_off(self, now: float) -> None:
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        self._try_at = now + self._wait


def _rate(since: Look, now: Look) -> float:
    """Attempts that have ended in a second."""
    return (now.ended - since.ended) / (now.at - since.at)


def _used(since: Look, now: Look) -> float:
    """Processors in use."""
    return (now.processor - since.processor) / (now.at - since.at)
