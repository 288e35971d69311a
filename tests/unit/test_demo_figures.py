"""The rates of the demo's live view."""

import pytest

from examples.demo.figures import Rates


def test_a_rate_is_that_of_the_last_two_seconds() -> None:
    """What was before has no part in it."""
    rates = Rates()
    for second in range(1, 5):
        rates.of(second, 100 * second, 10 * second)
    assert rates.of(5.0, 1_400, 40) == pytest.approx((550.0, 5.0))


def test_a_rate_at_the_very_start_is_nothing() -> None:
    """No time has passed, and nothing has happened."""
    assert Rates().of(0.0, 0, 0) == (0.0, 0.0)
