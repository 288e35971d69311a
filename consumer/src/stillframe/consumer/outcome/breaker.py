"""The circuit breaker of one task type: while what its handler calls is down, nothing of the type starts.

Pure: no thread, no clock; times are passed in, in epoch milliseconds. Three states, as Nygard has them
("Release It!"): closed, everything starts; open, nothing does, so that no attempt is spent on what must fail;
half-open, a few are tried, and decide.

The clock may be set. Set back, it makes no breaker wait for longer than it would have anyway; set forward, it
only brings the next try sooner.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from stillframe.consumer.retry import LONGEST_WAIT, is_number, is_whole, refusal

#: Steps in which a window moves on.
STEPS: Final = 10


class State(StrEnum):
    """Whether tasks of a type may start."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitBreaker:
    """When a task type is held back, and how it is tried again.

    Only failures that another attempt could cure count: a permanent one is an answer, and a ``RetryAfter`` of the
    handler's own a wish, which counts for nothing while the breaker is closed. Raised by one of those that are
    tried it is a success: what is called answers again, and has asked for time, which the task takes by itself. As a
    failure it would hold back a whole type for what one of its tasks was told; as nothing it would leave a type
    whose every call is put off half-open for ever, with the others held back behind it.

    Args:
        failures: so many attempts of the window must have failed.
        rate: and this share of all.
        window: seconds that are looked back on.
        open_for: seconds for which nothing starts then.
        probes: so many are tried after that, at the same time at most. One failure opens it again; when as many have
            succeeded, it is closed.

    Raises:
        DefinitionError: a value is of a wrong type, or out of range.
    """

    failures: int = 20
    rate: float = 0.5
    window: float = 60.0
    open_for: float = 30.0
    probes: int = 3

    def __post_init__(self) -> None:
        # Any: what a type checker would refuse comes all the same, from a file or a variable.
        failures: Any = self.failures
        rate: Any = self.rate
        probes: Any = self.probes
        seconds = f"seconds above 0, up to {LONGEST_WAIT} (30 days)"
        for name, fits, wanted in (
            ("failures", is_whole(failures) and failures >= 1, "a whole number, at least 1"),
            ("rate", is_number(rate) and 0 < rate <= 1, "a share above 0, up to 1"),
            ("window", _is_time(self.window), seconds),
            ("open_for", _is_time(self.open_for), seconds),
            ("probes", is_whole(probes) and probes >= 1, "a whole number, at least 1"),
        ):
            if not fits:
                raise refusal("CircuitBreaker", name, getattr(self, name), wanted)


class Breaker:
    """One type's breaker.

    Attributes:
        state: as of the last call.
        reason: why it is in that state; empty as long as it has never been in another one.
    """

    __slots__ = ("_policy", "_probes", "_until", "_well", "_window", "reason", "state")

    def __init__(self, policy: CircuitBreaker) -> None:
        self._policy = policy
        self._window = Window(round(policy.window * 1_000))
        self._until: int | None = 0
        self._probes: set[Hashable] = set()
        self._well = 0
        self.state = State.CLOSED
        self.reason = ""

    @property
    def due(self) -> int | None:
        """When :meth:`tick` has something to do; ``None`` if time changes nothing."""
        return (self._until or 0) if self.state is State.OPEN else None

    @property
    def room(self) -> int:
        """How many more may be tried now."""
        if self.state is not State.HALF_OPEN:
            return 0
        return max(0, self._policy.probes - self._well - len(self._probes))

    def tick(self, now: int) -> bool:
        """Time has gone by; True if it is half-open now."""
        if self.state is not State.OPEN:
            return False
        latest = now + round(self._policy.open_for * 1_000)
        if self._until is None or self._until > latest:
            self._until = latest
        if now < self._until:
            return False
        self._half_open(f"{self._policy.open_for:g} s are over")
        return True

    def started(self, item: Hashable) -> None:
        """An attempt begins: one of those that are tried. While it is open only a suspect of a crash can, whose turn
        had come before; it tells nothing.
        """
        if self.state is State.HALF_OPEN:
            self._probes.add(item)

    def succeeded(self, now: int) -> None:
        """:meth:`ended` of one that has not failed, while it is closed: the least that can be done."""
        window = self._window
        if not window.begun <= now < window.ends:
            window.move(now)
        window.calls += 1

    def ended(self, item: Hashable, failed: bool | None, now: int) -> bool:  # noqa: FBT001 - it is the outcome
        """An attempt has ended.

        Args:
            failed: ``None`` if it says nothing about what the handler calls.

        Returns:
            True if that has changed the state.
        """
        if self.state is State.CLOSED:
            return failed is not None and self._count(failed, now)
        # What started before it opened ends now, and tells what is known already.
        if item not in self._probes:
            return False
        self._probes.remove(item)
        if failed is None:
            return False
        if failed:
            self._open("one that was tried has failed", now)
            return True
        self._well += 1
        if self._well < self._policy.probes:
            return False
        self._close()
        return True

    def stuck(self, item: Hashable) -> bool:
        """One of those that are tried has outlived its timeout; True if that has changed the state."""
        if item not in self._probes:
            return False
        self._open("one that was tried has not ended in its time", None)
        return True

    def trip(self, why: str, now: int) -> bool:
        """Open it, whatever was counted; True if that has changed the state."""
        if self.state is State.OPEN:
            return False
        self._open(why, now)
        return True

    def doubt(self, why: str) -> bool:
        """Before anything of the type has run here: try a few first; True if that has changed the state."""
        if self.reason or not self._window.empty:
            return False
        self._half_open(why)
        return True

    def _count(self, failed: bool, now: int) -> bool:  # noqa: FBT001
        self._window.count(failed, now)
        if not failed:
            return False
        failures, calls = self._window.totals()
        if failures < self._policy.failures or failures < self._policy.rate * calls:
            return False
        self._open(f"{failures} of {calls} attempts have failed within {self._policy.window:g} s", now)
        return True

    def _open(self, why: str, now: int | None) -> None:
        self.state, self.reason = State.OPEN, why
        self._until = None if now is None else now + round(self._policy.open_for * 1_000)
        self._probes.clear()

    def _half_open(self, why: str) -> None:
        self.state, self.reason = State.HALF_OPEN, why
        self._well = 0

    def _close(self) -> None:
        self.state, self.reason = State.CLOSED, f"{self._well} that were tried have succeeded"
        self._probes.clear()
        self._window.clear()


class Window:
    """How many attempts have ended of late, and how many of them have failed.

    It moves on by a tenth of its length at a time: to count costs two additions, whatever it holds.
    """

    __slots__ = ("_failures", "_past", "_step", "begun", "calls", "ends")

    def __init__(self, length: int) -> None:
        self._step = max(1, length // STEPS)
        self._past: deque[tuple[int, int]] = deque(maxlen=STEPS - 1)
        self.begun = self.ends = 0
        self._failures = self.calls = 0

    def count(self, failed: bool, now: int) -> None:  # noqa: FBT001
        if not self.begun <= now < self.ends:
            self.move(now)
        self.calls += 1
        if failed:
            self._failures += 1

    def totals(self) -> tuple[int, int]:
        """Failures and calls, as of the last count."""
        failures, calls = self._failures, self.calls
        for before in self._past:
            failures += before[0]
            calls += before[1]
        return failures, calls

    @property
    def empty(self) -> bool:
        return not self.ends

    def clear(self) -> None:
        self._past.clear()
        self._failures = self.calls = self.begun = self.ends = 0

    def move(self, now: int) -> None:
        """Begin the step that ``now`` is in; one before the present step is of a clock that was set."""
        steps = (now - self.begun) // self._step
        if not 0 < steps < STEPS:
            self.clear()
            self.begun = now
        else:
            self._past.append((self._failures, self.calls))
            self._past.extend([(0, 0)] * (steps - 1))
            self.begun += steps * self._step
            self._failures = self.calls = 0
        self.ends = self.begun + self._step


def _is_time(value: Any) -> bool:
    return is_number(value) and 0 < value <= LONGEST_WAIT
