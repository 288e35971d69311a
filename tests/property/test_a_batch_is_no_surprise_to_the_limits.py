"""Records no larger than those of late never come in batches of more than the limits foresee (I6)."""

from hypothesis import given
from hypothesis import strategies as st

from stillframe.consumer.intake.batch_size import MOST_BYTES, MOST_RECORDS, SHARE, UNSEEN, BatchSize
from stillframe.consumer.intake.pressure import Limits

limits = st.builds(
    Limits,
    records=st.integers(1, 10**5),
    bytes=st.integers(1, 10**9),
    span=st.just(10**5),
    resume_ratio=st.just(0.7),
    total_records=st.integers(1, 10**6),
    total_bytes=st.integers(1, 10**10),
)


@given(limits, st.lists(st.lists(st.integers(0, 2 * UNSEEN), max_size=5), max_size=20))
def test_a_batch_is_no_surprise_to_the_limits(given_limits: Limits, calls: list[list[int]]) -> None:
    size, largest = BatchSize(given_limits), UNSEEN
    most_bytes = min(MOST_BYTES, given_limits.bytes, given_limits.total_bytes // SHARE)
    for sizes in calls:
        count = size.next()
        assert 1 <= count <= max(1, min(MOST_RECORDS, given_limits.records, given_limits.total_records))
        assert count == 1 or count * largest <= most_bytes
        size.took(sizes)
        largest = max(sizes, default=0) or largest // 2 or 1


@given(limits)
def test_small_records_come_in_large_batches_soon(given_limits: Limits) -> None:
    """The expectation halves with each call: soon a thousand small ones come at once, if so many may."""
    size = BatchSize(given_limits)
    for _ in range(UNSEEN.bit_length()):
        size.took([1])
    assert size.next() == max(
        1,
        min(
            MOST_RECORDS,
            given_limits.records,
            given_limits.total_records,
            given_limits.bytes,
            given_limits.total_bytes // SHARE,
            MOST_BYTES,
        ),
    )
