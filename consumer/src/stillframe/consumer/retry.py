"""How a handler's failures are retried: the policy that a user writes down, and the delays it makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from math import inf
from random import Random
from typing import Any, Final

from stillframe.consumer.errors import TaskError
from stillframe.schemas import DefinitionError
from stillframe.schemas.headers import MOST_ATTEMPTS

#: Longest ETA or RetryAfter, in seconds: 30 days.
LONGEST_WAIT: Final = 30 * 86_400
#: Milliseconds: what is due later still, nobody has asked for. The hour is for clocks that differ: a worker whose own
#: is behind its submitter's must not refuse a task that has 30 days to wait.
FARTHEST: Final = (LONGEST_WAIT + 3_600) * 1_000
#: Links of a decorrelated chain that are walked; by then it has forgotten where it began.
LONGEST_CHAIN: Final = 1_000
#: Characters of a wrong argument that are quoted.
QUOTED: Final = 60

Exceptions = tuple[type[BaseException], ...]
#: What decides the hard cases: ``None`` leaves it to the other rules.
Classify = Callable[[BaseException], TaskError | type[TaskError] | None]


class Jitter(StrEnum):
    """Delays drawn from all of their range, for handlers whose retries must not come back together.

    Both are Marc Brooker's, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    #: ``U(0, min(cap, base ** n))``: spreads best, and may retry at once.
    FULL = "full"
    #: ``min(cap, U(base, 3 * the delay before))``, where before the first it is ``base``: never below ``base``.
    DECORRELATED = "decorrelated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When and how often to retry.

    The delay before attempt n+1 is ``min(base ** n + U(0, jitter), cap)`` seconds, n counting from 1: truncated
    exponential backoff with up to a second of jitter, as Google Cloud's client libraries have it ("Retry
    strategy", Cloud Storage documentation). A :class:`Jitter` takes its place.

    Args:
        max_attempts: attempts in all, the first included; 1 never retries.
        base: growth of the delay, in seconds and per attempt.
        cap: longest delay in seconds.
        jitter: upper end of the uniform random part in seconds, or a :class:`Jitter`.
        retry_on: exceptions that are worth another attempt, whatever ``permanent_on`` says.
        permanent_on: exceptions after which retrying is pointless.
        classify: for what no class tells, such as a code inside the exception. It is asked first, with the
            exception; it returns ``PermanentError``, ``TransientError`` or ``RetryAfter(...)``, which count as
            if the handler had raised them, or ``None`` to leave it to the other rules. What it raises counts as
            the failure, in place of the handler's.
        give_up_after: no attempt starts later than this after the first failure, however many are left.

    Raises:
        DefinitionError: a value is out of range.
    """

    max_attempts: int = 10
    base: float = 2.0
    cap: float = 60.0
    jitter: float | Jitter = 1.0
    retry_on: Exceptions = ()
    permanent_on: Exceptions = ()
    classify: Classify | None = None
    give_up_after: timedelta | None = None

    def __post_init__(self) -> None:
        # Any: what a type checker would refuse comes all the same, from a file or a variable.
        attempts: Any = self.max_attempts
        delay, wait, jitter = self.base, self.give_up_after, self.jitter
        self._check(
            "max_attempts",
            is_whole(attempts) and 1 <= attempts <= MOST_ATTEMPTS,
            f"a whole number from 1 to {MOST_ATTEMPTS}, the first attempt included",
        )
        self._check("base", is_number(delay) and 1 <= delay < inf, "a number of seconds, at least 1")
        self._check(
            "cap",
            is_number(self.cap) and 0 <= self.cap <= LONGEST_WAIT,
            f"seconds from 0 to {LONGEST_WAIT} (30 days)",
        )
        drawn = isinstance(jitter, Jitter) or (is_number(jitter) and 0 <= jitter < inf)
        self._check("jitter", drawn, "seconds, at least 0, or one of Jitter.FULL and Jitter.DECORRELATED")
        for name in ("retry_on", "permanent_on"):
            kinds = getattr(self, name)
            example = getattr(kinds, "__name__", "ValueError")
            fits = isinstance(kinds, tuple) and all(map(_is_exception, kinds))
            self._check(name, fits, f"a tuple of exception classes, such as ({example},)")
        self._check("classify", self.classify is None or callable(self.classify), "a function of the exception")
        limited = isinstance(wait, timedelta) and wait > timedelta(0)
        self._check("give_up_after", wait is None or limited, "a timedelta above 0, such as timedelta(hours=6)")

    def delay(self, attempt: int, random: Random) -> float:
        """Seconds to wait after failed attempt number ``attempt``.

        Args:
            random: for :attr:`Jitter.DECORRELATED` a new one each time, with the task's own seed: the delay before
                does not travel with the task, but what it was is drawn again.
        """
        if self.jitter is Jitter.DECORRELATED:
            return self._decorrelated(attempt, random)
        try:
            growth = float(self.base) ** attempt
        except OverflowError:  # beyond any cap
            growth = inf
        if self.jitter is Jitter.FULL:
            return random.uniform(0, min(growth, self.cap))
        return min(growth + random.uniform(0, self.jitter), self.cap)

    def gives_up(self, due: int, first_failed_at: int) -> bool:
        """Whether an attempt at this time would be too late; both in epoch milliseconds."""
        limit = self.give_up_after
        return limit is not None and due - first_failed_at > limit / timedelta(milliseconds=1)

    def _decorrelated(self, attempt: int, random: Random) -> float:
        delay = float(self.base)
        for _ in range(min(attempt, LONGEST_CHAIN)):
            delay = min(self.cap, random.uniform(self.base, 3 * delay))
        return delay

    def _check(self, name: str, fits: bool, wanted: str) -> None:  # noqa: FBT001 - what is checked, not how
        if not fits:
            raise refusal("Retry", name, getattr(self, name), wanted)


def refusal(policy: str, name: str, value: object, wanted: str) -> DefinitionError:
    """The error for an argument that a policy cannot work with: what was given, and what to give."""
    quoted = repr(value)
    shown = quoted if len(quoted) <= QUOTED else f"{quoted[:QUOTED]}…"
    return DefinitionError(f"{policy}({name}={shown}), of type {type(value).__name__}: give {wanted}")


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)  # NaN fails every comparison that follows


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_exception(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseException)
