"""Past an unreadable batch: its end is found with few questions, wherever it lies."""

from math import log2

from hypothesis import given
from hypothesis import strategies as st

from stillframe.consumer.operate.readable import first_readable


@given(st.integers(0, 1_000), st.integers(1, 100_000), st.integers(0, 100_000))
def test_the_first_readable_offset_is_found(start: int, length: int, after: int) -> None:
    """All of the batch is passed and nothing behind it, in a number of probes that grows with its logarithm."""
    beyond = start + length
    asked: list[int] = []

    def is_readable(offset: int) -> bool:
        asked.append(offset)
        return offset >= beyond

    end = beyond + after
    assert first_readable(start + 1, end, is_readable) == beyond
    assert all(start < offset < end for offset in asked)
    assert len(asked) <= 2 * log2(length + 1) + 2


@given(st.integers(0, 20), st.lists(st.booleans(), max_size=60))
def test_what_is_left_can_be_read(start: int, readable: list[bool]) -> None:
    """With several such batches: it ends where one can be read, right behind one that cannot."""
    end = start + 1 + len(readable)
    found = first_readable(start + 1, end, lambda offset: readable[offset - start - 1])
    assert start < found <= end
    assert found == end or readable[found - start - 1]
    assert found == start + 1 or not readable[found - start - 2]
