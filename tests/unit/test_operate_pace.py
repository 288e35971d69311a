"""The rate limit of a redrive, on a clock of the test's own."""

import pytest

from stillframe.consumer.operate.pace import CATCH_UP, Pace


def sent_within(pace: Pace, seconds: float, *, cost: float = 0.0, oversleep: float = 0.0) -> int:
    now, count = 0.0, 0
    while True:
        pause = pace.wait(now)
        now += cost + (pause + oversleep if pause else 0.0)
        if now > seconds:
            return count
        count += 1


@pytest.mark.parametrize("rate", [0.5, 10, 1_000, 20_000])
@pytest.mark.parametrize(("cost", "oversleep"), [(0.0, 0.0), (0.00002, 0.00006)])
def test_a_rate_is_kept_within_two_percent(rate: float, cost: float, oversleep: float) -> None:
    """Whatever a record costs to send and a sleep oversleeps: what is late is caught up at once."""
    seconds = 200 / rate if rate < 100 else 4.0
    assert sent_within(Pace(rate), seconds, cost=cost, oversleep=oversleep) == pytest.approx(rate * seconds, rel=0.02)


def test_a_long_pause_is_not_made_up_for() -> None:
    """After an outage the workers get no more at once than a second's worth."""
    pace = Pace(100)
    pace.wait(0.0)
    at_once = 0
    while pace.wait(60.0) == 0.0:
        at_once += 1
    assert at_once == pytest.approx(100 * CATCH_UP, abs=2)


def test_no_rate_is_no_limit() -> None:
    """Not even a look at a clock's worth of waiting."""
    pace = Pace(None)
    assert [pace.wait(0.0) for _ in range(3)] == [0.0] * 3


@pytest.mark.parametrize(("rate", "records"), [(None, 10_000), (50_000, 10_000), (250.5, 250), (0.2, 1)])
def test_a_batch_lasts_no_longer_than_a_second(rate: float | None, records: int) -> None:
    """What was sent is remembered batch by batch: a slow run that is killed must not send an hour's work again."""
    assert Pace(rate).a_second_of(10_000) == records
