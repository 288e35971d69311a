"""Marks come back from commit metadata as they were written; what is foreign or damaged is told, never guessed at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillframe.consumer.quarantine.marks import (
    MOST_CHARACTERS,
    PREFIX,
    Mark,
    UnreadableMarks,
    after_crash,
    decode,
    encode,
    fingerprint,
    judge,
    merged,
)
from stillframe.consumer.quarantine.slots import InFlight

MARKS = st.builds(Mark, st.integers(0, 2**32 - 1), st.integers(1, 999), st.integers(0, 999))
OFFSETS = st.integers(0, 2**63 - 1)


@given(st.dictionaries(OFFSETS, MARKS, max_size=60))
def test_marks_come_back(marks: dict[int, Mark]) -> None:
    assert decode(encode(marks)) == marks


@given(st.dictionaries(OFFSETS, MARKS, min_size=200, max_size=400))
def test_of_too_many_those_stay_that_weigh_most(marks: dict[int, Mark]) -> None:
    metadata = encode(marks)
    kept = decode(metadata)
    assert len(metadata) <= MOST_CHARACTERS
    assert kept.items() <= marks.items()
    dropped = [mark.alone for offset, mark in marks.items() if offset not in kept]
    assert max(dropped, default=0) <= min(mark.alone for mark in kept.values())


@given(st.text(max_size=50) | st.text(alphabet="sq1:0123456789abcdef.;", max_size=50).map(PREFIX.__add__))
def test_anything_is_marks_or_unreadable(metadata: str) -> None:
    try:
        decode(metadata)
    except UnreadableMarks:
        assert metadata


@pytest.mark.parametrize("metadata", ["sf1:AWQ", "sq2:1.2.3.4", "sq1:", "sq1:1.2.3", "sq1:1.2.3.4;", "x" * 5_000])
def test_what_is_foreign_or_damaged_is_told(metadata: str) -> None:
    with pytest.raises(UnreadableMarks):
        decode(metadata)


def test_another_record_at_the_same_offset_is_no_suspect() -> None:
    """As after a topic was made anew; and its own first crash begins a mark of its own."""
    marks = {5: Mark(fingerprint(b"one"), 7, 3)}
    assert judge(marks, 5, b"one").name == "CONDEMNED"
    assert judge(marks, 5, b"another").name == "RUN"
    crashed = after_crash(marks, [InFlight("t", 0, 5, fingerprint(b"another"), alone=False)], committed=0)
    assert crashed == {5: Mark(fingerprint(b"another"), 1, 0)}


def test_what_has_had_its_outcome_is_forgotten() -> None:
    marks = {1: Mark(1, 1, 0), 9: Mark(9, 2, 0)}
    assert after_crash(marks, [], committed=5) == {9: Mark(9, 2, 0)}


def test_of_two_tellings_the_one_with_more_crashes_is_right() -> None:
    one, other = {1: Mark(1, 2, 0), 2: Mark(2, 1, 0)}, {1: Mark(1, 3, 1), 3: Mark(3, 1, 0)}
    assert merged(one, other) == merged(other, one) == {1: Mark(1, 3, 1), 2: Mark(2, 1, 0), 3: Mark(3, 1, 0)}
