"""The line of bars behind a pile: its counts, its memory, its axis."""

from itertools import pairwise

from stillframe.consumer.operate.quantities import DAY_MS
from stillframe.consumer.operate.timeline import MOST_BARS, MOST_PARTS, STEPS, Axis, Timeline, sparkline
from tests.dead_letters import NOON


def timeline(*moments: int) -> Timeline:
    made = Timeline()
    for at in moments:
        made.add(at)
    return made


def test_each_step_divides_the_next() -> None:
    """Else counts could not be put together without moving some of them."""
    assert all(longer % shorter == 0 for shorter, longer in pairwise(STEPS))


def test_every_count_has_its_bar() -> None:
    """However many moments and however far apart: none is lost, and each is where it belongs."""
    far = timeline(*range(NOON, NOON + 30 * DAY_MS, 3_600_000))
    axis = Axis.of([far])
    assert far.step > 1_000
    assert sum(far.over(axis)) == 720
    assert (axis.step, axis.bars) == (DAY_MS, 31)
    assert far.over(axis) == [12, *[24] * 29, 12]


def test_the_memory_is_bounded() -> None:
    """Of a million dead letters over years a few hundred numbers are kept."""
    long = timeline(*range(0, 40 * 364 * DAY_MS, DAY_MS))
    assert len(long._counts) <= MOST_PARTS
    assert Axis.of([long]).bars >= MOST_BARS


def test_piles_share_an_axis() -> None:
    """Below each other, the same bar is the same time."""
    early, late = timeline(NOON, NOON + 1_000), timeline(NOON + 60_000)
    axis = Axis.of([early, late])
    assert (axis.step, axis.start, axis.bars) == (5_000, NOON, 13)
    assert early.over(axis)[0] == 2
    assert late.over(axis)[-1] == 1


def test_nothing_is_blank_and_one_of_many_still_seen() -> None:
    """A single dead letter beside a thousand must not look like none."""
    assert sparkline([0, 1, 500, 1_000]) == " ▁▄█"
    assert sparkline([]) == ""
    assert Axis.of([]).bars == 0
