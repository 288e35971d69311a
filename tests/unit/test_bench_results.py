"""What the comparison makes of its figures: medians, spreads, shares of a yardstick, and what has moved."""

import json

import pytest

from bench.results import Measured, Results, Row, Spread, moved


def row(side: str = "ours", *rates: float, of: str = "", scores: tuple[float, ...] = ()) -> Row:
    return Row("no-op", side, [Measured(rate, 10.0, 100.0) for rate in rates], list(scores), of)


def results(*rows: Row) -> Results:
    return Results({"cores": "2"}, {"Python": "3"}, {"rounds": 3}, list(rows))


def test_a_spread_is_the_median_with_the_least_and_the_most() -> None:
    """One bad round does not move the middle."""
    assert row("ours", 300, 1, 200).rate == Spread(200, 1, 300)
    assert Spread.of([1, 2, 3, 5]) == Spread(2.5, 1, 5)
    assert row().rate is None


def test_a_score_is_the_share_of_the_same_round() -> None:
    """A machine that is slower in one round is slower for both."""
    ours = row()
    for rate, limit in ((50, 100), (30, 60)):
        ours.add(Measured(rate, 1, 1), None, Measured(limit, 1, 1))
    assert (ours.of, ours.scores, len(ours.measured)) == ("L", [0.5, 0.5], 2)


def test_a_ceiling_goes_before_the_yardstick() -> None:
    """Of a handler that sleeps, threads and keys say what can be reached."""
    ours = row()
    ours.add(Measured(800, 1, 1), 1_600, Measured(100_000, 1, 1))
    assert (ours.of, ours.scores) == ("ceiling", [0.5])


def test_without_either_there_is_no_score() -> None:
    """The figures are there all the same."""
    ours = row()
    ours.add(Measured(800, 1, 1), None, None)
    assert (ours.score, ours.rate) == (None, Spread(800, 800, 800))


@pytest.mark.parametrize(
    ("before", "now", "has_moved"),
    [
        ((0.04, 0.05, 0.06), (0.05, 0.06, 0.07), False),
        ((0.04, 0.05, 0.06), (0.06, 0.06, 0.06), False),
        ((0.04, 0.05, 0.06), (0.061, 0.07, 0.08), True),
        ((0.04, 0.05, 0.06), (0.02, 0.03, 0.039), True),
    ],
)
def test_moved_is_what_has_left_the_spread(
    before: tuple[float, ...], now: tuple[float, ...], has_moved: bool
) -> None:
    """Spreads that touch tell nothing."""
    old, new = (results(row("ours", 1, of="L", scores=scores)) for scores in (before, now))
    assert bool(moved(old, new)) is has_moved


def test_what_only_one_run_has_is_not_compared() -> None:
    """Another scenario, another side, or another yardstick."""
    old = results(row("ours", 1, of="L", scores=(0.5,)), row("gone", 1, of="L", scores=(0.5,)))
    new = results(row("ours", 1, of="ceiling", scores=(0.9,)), row("new", 1, of="L", scores=(0.9,)))
    assert moved(old, new) == []


def test_results_survive_their_file() -> None:
    """What is committed is what the next run compares with."""
    written = results(row("ours", 1, 2, of="L", scores=(0.5, 0.6)), Row("no-op", "peer", not_run="it needs Java"))
    assert Results.of_json(json.loads(json.dumps(written.to_json()))) == written
