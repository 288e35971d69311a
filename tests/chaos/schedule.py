"""When which worker is killed. Pure: the seed decides."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Kill:
    """Kill the worker in a slot so many seconds after the load has begun."""

    after: float
    slot: int


def schedule(seed: int, kills: int, seconds: float, slots: int) -> list[Kill]:
    """Spread kills over the time in which tasks are submitted, unevenly, each at a worker drawn by lot.

    Every kill has its own share of the time, and falls anywhere in the last four fifths of it: so the first
    one meets work, and two of them now and then fall within a session timeout of each other.
    """
    random = Random(seed)
    share = seconds / max(1, kills)
    return [Kill((number + random.uniform(0.2, 1.0)) * share, random.randrange(slots)) for number in range(kills)]
