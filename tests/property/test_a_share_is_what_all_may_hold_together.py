"""Back-pressure in total (I6): all partitions together stay within the total, and none pauses for another."""

from hypothesis import given
from hypothesis import strategies as st

from stillframe.consumer.intake.pressure import Limits

AMOUNT = st.integers(1, 10**9)


@given(records=AMOUNT, size=AMOUNT, total_records=AMOUNT, total_bytes=AMOUNT, partitions=st.integers(1, 5_000))
def test_shares_add_up_to_no_more_than_the_total(
    records: int, size: int, total_records: int, total_bytes: int, partitions: int
) -> None:
    """Unless that is less than one record for each; a partition's own limit stays, and so does the span's."""
    own = Limits(records, size, 50, 0.7, total_records, total_bytes)
    share = own.among(partitions)
    assert partitions * share.records <= max(total_records, partitions)
    assert partitions * share.bytes <= max(total_bytes, partitions)
    assert 1 <= share.records <= own.records
    assert 1 <= share.bytes <= own.bytes
    assert (share.span, share.resume_ratio) == (50, 0.7)
    assert share.records == records or (partitions * (share.records + 1) > total_records)
