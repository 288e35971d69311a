"""What a handler's failure calls for: a retry, and when, or none. Pure: ``now`` is passed in."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from stillframe.consumer.errors import PermanentError, RetryAfter, TransientError
from stillframe.consumer.outcome.libraries import meaning
from stillframe.consumer.retry import LONGEST_WAIT, Retry
from stillframe.schemas import DefinitionError


class Judgement(NamedTuple):
    """What a failure calls for.

    Attributes:
        permanent: whether another attempt is pointless.
        after: seconds until that attempt, if somebody has asked for a time.
        asked: it was the handler; otherwise it was what the handler called, and the policy may want to wait longer.
    """

    permanent: bool
    after: float | None = None
    asked: bool = False

    def wait(self, policy: Retry, attempt: int, random: Random) -> float:
        """Seconds until the next attempt: what was asked for, or the policy's delay."""
        if self.asked and self.after is not None:
            wait = self.after
        else:  # a server that says "in a second" at each attempt must not use them all up at once
            wait = max(policy.delay(attempt, random), self.after or 0.0)
        return min(max(wait, 0.0), LONGEST_WAIT)


def judge(error: BaseException, policy: Retry, now: float) -> tuple[BaseException, Judgement]:
    """Decide, by the first rule that knows the error: the policy's ``classify``; what the handler, or its policy,
    calls worth a retry; what they call permanent; what libraries mean by their errors. Else a retry is worth it.

    Args:
        now: epoch seconds.

    Returns:
        the error that is to be told of, which is that of a ``classify`` that failed, and the judgement.
    """
    try:
        return error, _judge(error, policy, now)
    except Exception as broken:  # noqa: BLE001 - it is the user's code, and an attempt must come to an end
        return broken, Judgement(permanent=False)


def _judge(error: BaseException, policy: Retry, now: float) -> Judgement:
    told = _told(error, policy)
    if isinstance(told, RetryAfter):
        return Judgement(permanent=False, after=told.wait(now), asked=True)
    if isinstance(told, (TransientError, *policy.retry_on)):
        known = meaning(told, now)
        return Judgement(permanent=False, after=None if known is None else known.after)
    if isinstance(told, (PermanentError, *policy.permanent_on)):
        return Judgement(permanent=True)
    if isinstance(told, BaseExceptionGroup):
        return _of_group(told, policy, now)
    known = meaning(told, now)
    return Judgement(permanent=False) if known is None else Judgement(known.permanent, known.after)


def _of_group(group: BaseExceptionGroup[BaseException], policy: Retry, now: float) -> Judgement:
    """As ``asyncio.TaskGroup`` raises it. The next attempt would come upon each of them again."""
    parts = [_judge(each, policy, now) for each in group.exceptions]
    waits = [part.after for part in parts if part.after is not None]
    return Judgement(
        any(part.permanent for part in parts), max(waits, default=None), all(part.asked for part in parts)
    )


def _told(error: BaseException, policy: Retry) -> BaseException:
    """The error, or what the policy's own function says that it is."""
    answer = None if policy.classify is None else policy.classify(error)
    if answer is None:
        return error
    if isinstance(answer, PermanentError | TransientError):
        return answer
    if answer is PermanentError or answer is TransientError:
        return answer()
    raise DefinitionError(
        f"classify of a Retry returned {answer!r}: return PermanentError, TransientError, RetryAfter(…) or None"
    )
