"""Which key each record has: seeded, so that two runs fill a topic alike."""

from bisect import bisect
from collections.abc import Callable, Iterator
from itertools import accumulate
from random import Random

KEYS = 1_000
#: The exponent of the skewed keys: the hottest of a thousand has 18 % of all records.
EXPONENT = 1.1
SEED = 6


def weights(count: int = KEYS, exponent: float = EXPONENT) -> list[float]:
    """The share of each key under Zipf's law, the hottest first."""
    raw = [1 / rank**exponent for rank in range(1, count + 1)]
    total = sum(raw)
    return [each / total for each in raw]


def uniform(count: int = KEYS) -> Iterator[int]:
    random = Random(SEED)
    while True:
        yield random.randrange(count)


def zipf(count: int = KEYS, exponent: float = EXPONENT) -> Iterator[int]:
    random, up_to = Random(SEED), list(accumulate(weights(count, exponent)))
    while True:
        # The last sum may be a hair below 1.
        yield min(bisect(up_to, random.random()), count - 1)


def one(_count: int = 1) -> Iterator[int]:
    while True:
        yield 0


DISTRIBUTIONS: dict[str, Callable[[int], Iterator[int]]] = {"uniform": uniform, "zipf": zipf, "one": one}
#: The hottest key's share of all records.
HOTTEST = {"uniform": 1 / KEYS, "zipf": weights()[0], "one": 1.0}
