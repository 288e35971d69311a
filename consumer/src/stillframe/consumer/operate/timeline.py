"""How often something happened over time, in little memory, and as a line of bars. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from stillframe.consumer.operate.quantities import DAY_MS

#: Milliseconds that a bar may stand for: each divides the next, so that counts can be put together.
STEPS: Final = (
    *(seconds * 1_000 for seconds in (1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200)),
    *(days * DAY_MS for days in (1, 7, 28, 364)),
)
#: Parts of its time that a timeline keeps apart; beyond that it gets coarser.
MOST_PARTS: Final = 256
#: Bars of a line at most, unless the longest step needs more.
MOST_BARS: Final = 32
BARS: Final = " ▁▂▃▄▅▆▇█"


@dataclass(slots=True)
class Timeline:
    """Counts of moments, however many there are and however far apart they lie."""

    step: int = STEPS[0]
    _counts: Counter[int] = field(default_factory=Counter)

    def add(self, at: int) -> None:
        """Count one, at this time in epoch milliseconds."""
        self._counts[at // self.step] += 1
        if len(self._counts) > MOST_PARTS:
            self._coarsen()

    def over(self, axis: Axis) -> list[int]:
        """The counts along an axis whose step is none finer."""
        counts = [0] * axis.bars
        for part, count in self._counts.items():
            counts[(part * self.step - axis.start) // axis.step] += count
        return counts

    @property
    def first(self) -> int:
        return min(self._counts, default=0) * self.step

    @property
    def last(self) -> int:
        return max(self._counts, default=0) * self.step

    def _coarsen(self) -> None:
        coarser = next((step for step in STEPS if step > self.step), 2 * self.step)
        counts: Counter[int] = Counter()
        for part, count in self._counts.items():
            counts[part * self.step // coarser] += count
        self.step, self._counts = coarser, counts


@dataclass(frozen=True, slots=True)
class Axis:
    """The same bars for several timelines.

    Attributes:
        start: epoch milliseconds, a multiple of ``step``.
        step: milliseconds that each bar stands for.
    """

    start: int
    step: int
    bars: int

    @classmethod
    def of(cls, timelines: Collection[Timeline]) -> Axis:
        """One that holds them all, as fine as ``MOST_BARS`` bars can be."""
        if not timelines:
            return cls(0, STEPS[0], 0)
        first, last = min(each.first for each in timelines), max(each.last for each in timelines)
        finest = max(each.step for each in timelines)
        fitting = (step for step in STEPS if step >= finest and last // step - first // step < MOST_BARS)
        step = next(fitting, max(finest, STEPS[-1]))
        return cls(first // step * step, step, last // step - first // step + 1)


def sparkline(counts: Sequence[int]) -> str:
    """A bar for each count, as high as it is beside the largest; only nothing is blank."""
    largest = max(counts, default=0)
    return "".join(BARS[-(-count * (len(BARS) - 1) // largest)] if count else BARS[0] for count in counts)
