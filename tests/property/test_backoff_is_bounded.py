"""The retry policy: delays grow, stay within their bounds, and no policy can make the arithmetic fail."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillframe.consumer.retry import LONGEST_WAIT, Retry
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


@given(st.sampled_from(["base", "cap", "jitter"]), st.sampled_from([math.nan, math.inf, -1.0, -math.inf]))
def test_what_is_no_number_of_seconds_is_refused(name: str, value: float) -> None:
    """A policy that would fail when it is needed is refused where it is written down."""
    with pytest.raises(DefinitionError, match=f"Retry\\(.*{name}="):
        Retry(**{name: value})  # type: ignore[arg-type]
