"""The completion map comes back as it went in, or shorter; damaged metadata is refused, never believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillframe.consumer.progress.completion_map import MOST_CHARACTERS, PREFIX, UnreadableMap, decode, encode
from stillframe.consumer.progress.ledger import Ledger

STEPS = st.lists(st.tuples(st.integers(1, 10_000), st.integers(1, 10_000)), max_size=2_000)
OFFSETS = st.integers(0, 2**62)


def runs_from(offset: int, steps: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    runs = []
    for skipped, length in steps:
        runs.append((offset + skipped, offset + skipped + length))
        offset = runs[-1][1]
    return tuple(runs)


@given(OFFSETS, STEPS)
def test_a_map_survives_the_trip_up_to_what_fits(offset: int, steps: list[tuple[int, int]]) -> None:
    runs = runs_from(offset, steps)
    metadata = encode(offset, runs)
    found = decode(offset, metadata)
    assert len(metadata) <= MOST_CHARACTERS
    assert found == runs[: len(found)]
    assert len(found) == len(runs) or len(metadata) > MOST_CHARACTERS - 16


@given(OFFSETS, st.text(max_size=200) | st.text(max_size=200).map(lambda text: PREFIX + text))
def test_foreign_metadata_is_refused_or_a_map_above_the_offset(offset: int, metadata: str) -> None:
    try:
        runs = decode(offset, metadata)
    except UnreadableMap:
        return
    assert all(offset <= start < end for start, end in runs)


@pytest.mark.parametrize("metadata", ["x", "sf2:AQE", "sf1:AQ", "sf1:gA", "sf1:AQA", "sf1:é", "sf1:" + "A" * 5_000])
def test_each_kind_of_damage_has_its_refusal(metadata: str) -> None:
    with pytest.raises(UnreadableMap):
        decode(7, metadata)


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=60),
    st.data(),
)
def test_a_restart_runs_again_exactly_what_had_no_outcome(gaps: list[int], data: st.DataObject) -> None:
    offsets = [sum(gaps[: index + 1]) for index in range(len(gaps))]
    finished = data.draw(st.sets(st.sampled_from(offsets)))
    ledger = Ledger(offsets[0])
    for offset in offsets:
        assert ledger.receive(offset, 1)
    for offset in finished:
        assert ledger.finish(offset)
    point = ledger.commit_point()

    after = Ledger(point.offset, decode(point.offset, point.metadata))
    again = [offset for offset in offsets if offset >= point.offset and after.receive(offset, 1)]
    assert again == [offset for offset in offsets if offset not in finished]

    # Killed once more before anything is received: the map must not be forgotten.
    untouched = Ledger(point.offset, decode(point.offset, point.metadata)).commit_point()
    assert untouched == point
