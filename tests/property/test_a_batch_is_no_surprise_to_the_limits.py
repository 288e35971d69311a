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


@given(limits, st.lists(st.lists(st.integers(1, 2 * UNSEEN), max_size=5), max_size=20))
def test_a_batch_is_no_surprise_to_the_limits(given_limits: Limits, calls: list[list[int]]) -> None:
    """The largest of late: each call halves it, or brings one that is larger, or brings nothing and leaves it."""
    size, largest = BatchSize(given_limits), UNSEEN
    most_bytes = min(MOST_BYTES, given_limits.bytes, given_limits.total_bytes // SHARE)
    for sizes in calls:
        count = size.next()
        assert 1 <= count <= max(1, min(MOST_RECORDS, given_limits.records, given_limits.total_records))
        assert count == 1 or count * largest <= most_bytes
        for each in sizes:
            size.saw(each)
        largest = max(*sizes, largest // 2) if sizes else largest


@given(limits)
def test_small_records_come_in_large_batches_soon(given_limits: Limits) -> None:
    """After some calls with small ones a thousand come at once, if so many may."""
    size, bytes_of_a_call = BatchSize(given_limits), min(given_limits.bytes, given_limits.total_bytes // SHARE)
    for _ in range(UNSEEN.bit_length()):
        size.saw(1)
        size.next()
    records = min(MOST_RECORDS, given_limits.records, given_limits.total_records)
    assert size.next() == max(1, min(records, bytes_of_a_call))
