"""What the tasks of a run are, and what becomes of each: the same at every attempt, in every process."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import accumulate
from random import Random

from pydantic import BaseModel

from stillframe.consumer import PermanentError, Retry, RetryAfter
from stillframe.schemas import TaskType
from tests.chaos.settings import SESSION, TOPIC, Scenario, Settings

KEYS = 500
#: Not 1, the classic: the hottest key gets 8 % of all tasks, and its lane can still catch up after a kill.
ZIPF = 0.8
#: Retries that are shorter wait in memory, others in a tier.
MEMORY_WAIT = 1.0
TIERS = ("2s", "30s")
RETRY = Retry(max_attempts=3)


class Kind(StrEnum):
    """How a task goes."""

    PLAIN = "plain"
    SLOW = "slow"  # done at once, but long in flight: it holds the frontier back while others finish
    STUMBLING = "stumbling"  # as long, and then it fails once: a retry that begins while its partition leaves
    FLAKY = "flaky"  # fails once, and waits in memory
    POSTPONED = "postponed"  # fails twice, and waits in the first tier, then in the second
    DOOMED = "doomed"  # fails in memory until its attempts are used up
    HOPELESS = "hopeless"  # fails for good
    STUCK = "stuck"  # sleeps beyond every session and drain, and ends early only with its worker


SHARES = {
    Kind.PLAIN: 0.86,
    Kind.SLOW: 0.005,
    Kind.STUMBLING: 0.005,
    Kind.FLAKY: 0.05,
    Kind.POSTPONED: 0.05,
    Kind.DOOMED: 0.01,
    Kind.HOPELESS: 0.02,
}

BRIEF = (0.001, 0.007)
SECONDS = {Kind.SLOW: (0.3, 0.9), Kind.STUMBLING: (0.3, 0.9), Kind.STUCK: (1.5 * SESSION, 4 * SESSION)}
#: Stuck tasks are one of so many, and have keys of their own: others shall not wait for them.
STUCK_EVERY = 2_500
STUCK_KEYS = 3


class Work(BaseModel):
    """One task's payload; `seconds` is what an attempt takes."""

    number: int
    key: str
    kind: Kind
    seconds: float


TASK_TYPE = TaskType("chaos", Work, topic=TOPIC, key=lambda work: work.key)


def works(settings: Settings) -> Iterator[Work]:
    """The tasks of a run."""
    random = Random(settings.seed)
    kinds, shares = list(SHARES), list(SHARES.values())
    weights = list(accumulate(rank**-ZIPF for rank in range(1, KEYS + 1)))
    for number in range(settings.tasks):
        kind = random.choices(kinds, shares)[0]
        rank = random.choices(range(KEYS), cum_weights=weights)[0]
        key = f"key-{rank}"
        if settings.scenario is Scenario.MIXED and number % STUCK_EVERY == STUCK_EVERY // 2:
            kind, key = Kind.STUCK, f"stuck-{number // STUCK_EVERY % STUCK_KEYS}"
        yield Work(number=number, key=key, kind=kind, seconds=random.uniform(*SECONDS.get(kind, BRIEF)))


def fail(work: Work, attempt: int) -> None:
    """Raise what this attempt ends with, if it does not end well."""
    match work.kind, attempt:
        case Kind.HOPELESS, _:
            raise PermanentError("hopeless")
        case (Kind.FLAKY | Kind.STUMBLING, 1) | (Kind.DOOMED, _):
            raise RetryAfter(MEMORY_WAIT * 0.3)
        case Kind.POSTPONED, 1:
            raise RetryAfter(MEMORY_WAIT * 1.5)
        case Kind.POSTPONED, 2:
            raise RetryAfter(2.5)
