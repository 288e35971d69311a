"""Figures of a comparison, their medians and spreads, and what has moved since another one. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, NamedTuple, Self


@dataclass(frozen=True)
class Measured:
    """One run of one side.

    Attributes:
        rate: records per second.
        cpu: microseconds of processor time of each, the client's own threads included.
        rss: the largest resident set of the process, in megabytes.
    """

    rate: float
    cpu: float
    rss: float


class Spread(NamedTuple):
    """The middle of some figures, the least and the most of them."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, figures: Iterable[float]) -> Self | None:
        """None without any."""
        found = sorted(figures)
        return cls(median(found), found[0], found[-1]) if found else None

    def apart_from(self, other: "Spread") -> bool:
        """Whether no figure of the one lies within the other."""
        return self.least > other.most or self.most < other.least


@dataclass
class Row:
    """A side in a scenario, over all rounds.

    Attributes:
        scores: what can be compared between runs: each round's rate as a share of the ceiling, or of L in the
            same round. Absolute rates drift with whatever else the machine does.
        of: what it is a share of: ``ceiling``, ``L``, or nothing.
        not_run: why there are no figures.
    """

    scenario: str
    side: str
    measured: list[Measured] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    of: str = ""
    not_run: str | None = None

    def add(self, found: Measured, ceiling: float | None, limit: Measured | None) -> None:
        """One more round, in which the ceiling or L was this."""
        self.measured.append(found)
        if ceiling is not None:
            self.of = "ceiling"
            self.scores.append(found.rate / ceiling)
        elif limit is not None:
            self.of = "L"
            self.scores.append(found.rate / limit.rate)

    @property
    def rate(self) -> Spread | None:
        return Spread.of(each.rate for each in self.measured)

    @property
    def cpu(self) -> Spread | None:
        return Spread.of(each.cpu for each in self.measured)

    @property
    def rss(self) -> Spread | None:
        return Spread.of(each.rss for each in self.measured)

    @property
    def score(self) -> Spread | None:
        return Spread.of(self.scores)

    @classmethod
    def of_json(cls, given: Mapping[str, Any]) -> Self:
        return cls(**{**given, "measured": [Measured(**each) for each in given["measured"]]})


@dataclass
class Results:
    """A comparison: what was measured, on what, and with what."""

    machine: dict[str, str]
    versions: dict[str, str]
    effort: dict[str, float]
    rows: list[Row]
    #: Tables of their own: what is measured once, such as latencies.
    more: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, given: Mapping[str, Any]) -> Self:
        return cls(**{**given, "rows": [Row.of_json(each) for each in given["rows"]]})


class Moved(NamedTuple):
    """A score whose spreads before and now have nothing in common."""

    scenario: str
    side: str
    of: str
    before: Spread
    now: Spread


def moved(before: Results, now: Results) -> list[Moved]:
    """What is new beyond the spread of both, in the order of now; what only one of them has is left out."""
    old = {(row.scenario, row.side, row.of): row.score for row in before.rows}
    found = []
    for row in now.rows:
        was, score = old.get((row.scenario, row.side, row.of)), row.score
        if was is not None and score is not None and score.apart_from(was):
            found.append(Moved(row.scenario, row.side, row.of, was, score))
    return found
