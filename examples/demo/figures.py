"""The figures of one moment, for the live view. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figures:
    """Where a run stands.

    Attributes:
        seconds: since the first request.
        lag: as the broker has it.
        accepted_rate, done_rate: per second, over the last two seconds.
    """

    seconds: float
    requests: int
    accepted: int
    done: int
    retried: int
    dead: int
    lag: int
    accepted_rate: float = 0.0
    done_rate: float = 0.0


class Rates:
    """How fast two counts have grown of late."""

    WINDOW = 2.0

    def __init__(self) -> None:
        self._past: deque[tuple[float, int, int]] = deque([(0.0, 0, 0)])

    def of(self, now: float, accepted: int, done: int) -> tuple[float, float]:
        """Both rates per second at ``now``, in seconds."""
        self._past.append((now, accepted, done))
        while len(self._past) > 2 and self._past[1][0] <= now - self.WINDOW:
            self._past.popleft()
        then, accepted_then, done_then = self._past[0]
        span = max(now - then, 1e-6)
        return (accepted - accepted_then) / span, (done - done_then) / span
