"""How a handler's failures are retried: the policy that a user writes down, and the delays it makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import Final

from stillframe.schemas import DefinitionError

#: Longest ETA or RetryAfter, in seconds: 30 days.
LONGEST_WAIT: Final = 30 * 86_400

Exceptions = tuple[type[BaseException], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When and how often to retry.

    The delay before attempt n+1 is ``min(base ** n + U(0, jitter), cap)`` seconds, n counting from 1
    (exponential backoff with additive jitter).

    Args:
        max_attempts: attempts in all, the first included; 1 never retries.
        base: growth of the delay, in seconds and per attempt.
        cap: longest delay in seconds.
        jitter: upper end of the uniform random part in seconds.
        retry_on: exceptions that are worth another attempt, whatever ``permanent_on`` says.
        permanent_on: exceptions after which retrying is pointless.

    Raises:
        DefinitionError: a value is out of range.
    """

    max_attempts: int = 10
    base: float = 2.0
    cap: float = 60.0
    jitter: float = 1.0
    retry_on: Exceptions = field(default=())
    permanent_on: Exceptions = field(default=())

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise DefinitionError(f"Retry(max_attempts={self.max_attempts}): at least 1, the first attempt included")
        # So written that a NaN is refused too: it would make the delay fail when it is needed.
        if not (1 <= self.base < inf and 0 <= self.jitter < inf):
            raise DefinitionError(
                f"Retry(base={self.base}, jitter={self.jitter}): base is at least 1, jitter at least 0"
            )
        if not 0 <= self.cap <= LONGEST_WAIT:
            raise DefinitionError(f"Retry(cap={self.cap}): seconds from 0 to {LONGEST_WAIT} (30 days)")
        for name in ("retry_on", "permanent_on"):
            kinds = getattr(self, name)
            if not (isinstance(kinds, tuple) and all(map(_is_exception, kinds))):
                example = getattr(kinds, "__name__", "ValueError")
                raise DefinitionError(f"Retry({name}=...): a tuple of exception classes, such as ({example},)")

    def delay(self, attempt: int, random: Random) -> float:
        """Seconds to wait after failed attempt number ``attempt``."""
        try:
            growth = float(self.base) ** attempt
        except OverflowError:  # beyond any cap
            growth = inf
        return min(growth + random.uniform(0, self.jitter), self.cap)


def _is_exception(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseException)
