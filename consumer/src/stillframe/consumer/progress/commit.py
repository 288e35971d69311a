"""When to commit, apart from what to commit. Pure: ``now`` is passed in."""

from __future__ import annotations

from dataclasses import dataclass

#: Seconds after which what was refused goes out again, however long the interval.
AGAIN = 1.0


@dataclass(frozen=True, slots=True)
class CommitPolicy:
    """A commit is due this many seconds after the last one, or after this many outcomes."""

    interval: float
    outcomes: int


class CommitClock:
    """Tells when the next commit is due. One commit is in flight at a time.

    A commit that is never answered (the connection died with it) must not stop the clock for
    good: after ``patience`` seconds the next one may go out all the same. Offsets only ever grow
    while a partition is owned, so a late answer to the older one does no harm.
    """

    def __init__(self, policy: CommitPolicy, now: float, patience: float = 30.0) -> None:
        self._policy = policy
        self._last = now
        self._interval = policy.interval
        self._outcomes = 0
        self._sent_at: float | None = None
        self._patience = patience

    def count(self, outcomes: int) -> None:
        self._outcomes += outcomes

    def hurry(self) -> None:
        """The next commit is due at once."""
        self._outcomes = self._policy.outcomes

    def every_outcome(self) -> None:
        """From now on an outcome makes a commit due, as soon as none is in flight."""
        self._policy = CommitPolicy(self._policy.interval, 1)

    def due(self, now: float) -> bool:
        if self._sent_at is not None and now - self._sent_at < self._patience:
            return False
        return self._outcomes >= self._policy.outcomes or now - self._last >= self._interval

    def sent(self, now: float) -> None:
        self._sent_at = now
        self.skipped(now)

    def skipped(self, now: float) -> None:
        """There was nothing to commit."""
        self._last = now
        self._outcomes = 0
        self._interval = self._policy.interval

    def answered(self, *, refused: bool = False) -> None:
        """The broker has answered, or the client would not even send it."""
        self._sent_at = None
        if refused:
            self._interval = min(AGAIN, self._policy.interval)
