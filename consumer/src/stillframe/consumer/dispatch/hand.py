"""What a thread may start without asking, and what has ended that nobody has booked yet.

To ask for what comes next takes the executors' lock, and so does to tell what has ended: each time a thread may wait
for it, and for the interpreter. A thread that is alone is given a hand of tasks at once, and what it has ended is
booked together. Both are deques: an item is taken out of one, or put into it, in one step, whoever else does so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import Final

from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.end import Done, End

#: Tasks of a hand at most.
MOST: Final = 32
#: Seconds after which what is left of a hand is taken back: others may be here by then whose turn it is.
LASTS: Final = 0.005


class Hand:
    """Dealt and put away under the executors' lock; played without it.

    For the desk what is in hand runs, and so does what has ended until it is booked.

    Attributes:
        most: how many the next hand may have: as many as were played of the last, or twice as many if those were all.
        ended: attempts with their ends, for whoever has the lock to book.
    """

    __slots__ = ("_dealt", "_lease", "_size", "_until", "ended", "most")

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._dealt: deque[Arrival] = deque()
        self._size = 0
        self._until = 0.0
        self.most = MOST
        self.ended: deque[tuple[Arrival, End]] = deque()

    def __len__(self) -> int:
        return len(self._dealt)

    def deal(self, arrivals: Collection[Arrival], clock: float) -> None:
        """These may be started, one after the other, by whoever starts the one before them now."""
        self._dealt.extend(arrivals)
        self._size = len(arrivals)
        self._until = clock + LASTS

    def play(self, end: End, clock: float) -> Arrival | None:
        """The next to start after one that has ended so; ``None`` if the lock has to be asked for first.

        After a failure it has to: a circuit breaker may open.

        Args:
            clock: the lease's: nothing starts that may be another's by now.
        """
        if type(end) is not Done or clock > self._until or not self._lease.holds(clock):
            return None
        return self._next()

    def draw(self, clock: float) -> Arrival | None:
        """As :meth:`play`, for who has the lock, and has booked what has ended."""
        return None if clock > self._until or not self._lease.holds(clock) else self._next()

    def put_away(self) -> list[Arrival]:
        """Nothing of the hand may start any more; returns what was left, the last first.

        What a thread has taken meanwhile has started: it is with the desk as what runs.
        """
        left: list[Arrival] = []
        while self._dealt:
            try:
                left.append(self._dealt.pop())
            except IndexError:  # a thread was faster
                break
        self.most = max(1, self._size - len(left)) if left else min(MOST, 2 * self.most)
        return left

    def _next(self) -> Arrival | None:
        try:
            return self._dealt.popleft()
        except IndexError:
            return None
