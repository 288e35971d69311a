"""The keys of a backlog, and what they let an engine reach."""

from collections import Counter
from itertools import islice

import pytest

from bench.keys import DISTRIBUTIONS, HOTTEST, KEYS, weights
from bench.scenarios import FULL, Scenario

DRAWN = 50_000


def counted(distribution: str) -> Counter[int]:
    return Counter(islice(DISTRIBUTIONS[distribution](KEYS), DRAWN))


def test_shares_of_zipf_fall_by_rank_and_make_one() -> None:
    """The second of two has 2 to the power of minus 1.1 of the first."""
    shares = weights()
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)
    assert shares[1] / shares[0] == pytest.approx(2**-1.1)
    assert shares[0] == pytest.approx(0.1794, abs=0.0001)


def test_keys_are_drawn_by_their_shares() -> None:
    """Every key is one of the thousand."""
    drawn = counted("zipf")
    assert drawn[0] / DRAWN == pytest.approx(HOTTEST["zipf"], abs=0.01)
    assert set(drawn) <= set(range(KEYS))
    assert max(counted("uniform").values()) < 3 * DRAWN / KEYS
    assert counted("one") == {0: DRAWN}


def test_two_runs_draw_the_same_keys() -> None:
    """Results are compared with those of another day."""
    assert counted("zipf") == counted("zipf")


@pytest.mark.parametrize(
    ("given", "ceiling"),
    [
        ({}, None),
        ({"work": "busy", "milliseconds": 0.1}, 10_000),
        ({"work": "sleep", "milliseconds": 10, "threads": 64}, 6_400),
        ({"work": "sleep", "milliseconds": 10, "threads": 64, "keys": "zipf"}, 557.4),
        ({"work": "sleep", "milliseconds": 10, "keys": "one"}, 100),
        ({"work": "sleep", "milliseconds": 10, "ordering": "partition"}, 800),
    ],
)
def test_the_ceiling_is_the_narrowest_bound(given: dict[str, object], ceiling: float | None) -> None:
    """Threads, the hottest key, partitions; of processor time there is one interpreter's."""
    found = Scenario(name="", sides=(), **given).ceiling  # type: ignore[arg-type]
    assert found == (None if ceiling is None else pytest.approx(ceiling, rel=0.001))


def test_scenarios_have_names_of_their_own() -> None:
    """Results are told apart by them."""
    assert len({each.name for each in FULL}) == len(FULL)
