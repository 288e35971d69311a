"""The retry policy: delays grow, stay within their bounds, and no policy can make the arithmetic fail."""

import math
from itertools import pairwise
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stillframe.consumer.outcome.judge import Judgement
from stillframe.consumer.outcome.libraries import retry_after
from stillframe.consumer.retry import LONGEST_WAIT, Jitter, Retry
from stillframe.schemas import DefinitionError

bases = st.floats(1, 1e300)
caps = st.floats(0, LONGEST_WAIT)
jitters = st.floats(0, 1e300)
attempts = st.integers(1, 1_000_000)


@given(bases, caps, jitters, attempts, st.randoms(use_true_random=False))
def test_a_delay_is_within_its_bounds(base: float, cap: float, jitter: float, attempt: int, random: Random) -> None:
    """Never below the exponential, never above it plus the jitter, never over the cap."""
    delay = Retry(base=base, cap=cap, jitter=jitter).delay(attempt, random)
    growth = math.inf if attempt * math.log2(base) >= 1_023 else base**attempt
    assert min(growth, cap) <= delay <= min(growth + jitter, cap)


@given(bases, caps, attempts)
def test_without_jitter_delays_never_shrink(base: float, cap: float, attempt: int) -> None:
    """A later attempt waits at least as long as the one before."""
    policy = Retry(base=base, cap=cap, jitter=0)
    assert policy.delay(attempt, Random(0)) <= policy.delay(attempt + 1, Random(0))


@given(bases, caps, attempts, st.randoms(use_true_random=False))
def test_full_jitter_is_anything_up_to_the_exponential(base: float, cap: float, attempt: int, random: Random) -> None:
    """``U(0, min(cap, base ** n))``."""
    delay = Retry(base=base, cap=cap, jitter=Jitter.FULL).delay(attempt, random)
    growth = math.inf if attempt * math.log2(base) >= 1_023 else base**attempt
    assert 0 <= delay <= min(growth, cap)


@given(st.floats(1, 100), st.floats(0, 1_000), st.integers(1, 30), st.integers())
def test_decorrelated_jitter_follows_from_the_delay_before(base: float, cap: float, attempt: int, seed: int) -> None:
    """``min(cap, U(base, 3 * the delay before))``, though that one is drawn again at each attempt."""
    policy = Retry(base=base, cap=cap, jitter=Jitter.DECORRELATED)
    delays = [base, *(policy.delay(number, Random(seed)) for number in range(1, attempt + 1))]
    for before, delay in pairwise(delays):
        assert min(base, cap, 3 * before) <= delay <= min(cap, max(base, 3 * before))
    assert delays[1:] == [policy.delay(number, Random(seed)) for number in range(1, attempt + 1)]


def test_decorrelated_jitter_spreads() -> None:
    """Tasks that fail together do not come back together, and reach the cap."""
    policy = Retry(base=2, cap=60, jitter=Jitter.DECORRELATED)
    delays = [policy.delay(6, Random(seed)) for seed in range(500)]
    assert len({round(delay, 2) for delay in delays if delay < 60}) > 100
    assert 2 <= min(delays) < 10
    assert max(delays) == 60


@given(bases, caps, attempts, st.none() | st.floats(), st.booleans())
def test_a_wait_is_never_negative_nor_beyond_thirty_days(
    base: float, cap: float, attempt: int, after: float | None, asked: bool
) -> None:
    """Whatever a handler or a server asks for."""
    assume(after is None or not math.isnan(after))
    wait = Judgement(permanent=False, after=after, asked=asked).wait(Retry(base=base, cap=cap), attempt, Random(0))
    assert 0 <= wait <= LONGEST_WAIT
    if not asked and after is not None:
        assert wait >= min(after, LONGEST_WAIT)


@given(st.text(st.characters(codec="ascii"), max_size=60) | st.text(max_size=60))
def test_no_retry_after_can_break_the_attempt(text: str) -> None:
    """What another server sends is anybody's choice."""
    seconds = retry_after(text, 0.0)
    assert seconds is None or not math.isnan(seconds)


@given(st.sampled_from(["base", "cap", "jitter"]), st.sampled_from([math.nan, math.inf, -1.0, -math.inf]))
def test_what_is_no_number_of_seconds_is_refused(name: str, value: float) -> None:
    """A policy that would fail when it is needed is refused where it is written down."""
    with pytest.raises(DefinitionError, match=f"Retry\\(.*{name}="):
        Retry(**{name: value})  # type: ignore[arg-type]
