"""Commit metadata comes back as it went in, or shorter; what is damaged is refused, never believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillframe.consumer.progress.ledger import Ledger
from stillframe.consumer.progress.metadata import (
    MOST_CHARACTERS,
    MOST_TYPES,
    NOTHING,
    Known,
    UnreadableMetadata,
    decode,
    encode,
)
from stillframe.consumer.progress.strict_waits import MOST_WAITS, Wait
from stillframe.schemas.headers import LATEST_MS

STEPS = st.lists(st.tuples(st.integers(1, 10_000), st.integers(1, 10_000)), max_size=2_000)
OFFSETS = st.integers(0, 2**62)
NOW = 1_900_000_000_000
DAY = 86_400_000
MOMENTS = st.integers(NOW - 180 * DAY, NOW + 30 * DAY) | st.integers(0, LATEST_MS)
#: Offsets since the wait before, attempt, due, first failed at.
WAITS = st.lists(st.tuples(st.integers(1, 10_000), st.integers(1, 100_000), MOMENTS, MOMENTS), max_size=500)


def runs_from(offset: int, steps: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    runs = []
    for skipped, length in steps:
        runs.append((offset + skipped, offset + skipped + length))
        offset = runs[-1][1]
    return tuple(runs)


def waits_from(offset: int, facts: list[tuple[int, int, int, int]]) -> tuple[Wait, ...]:
    waits = []
    for stepped, *rest in facts:
        offset += stepped
        waits.append(Wait(offset, *rest))
    return tuple(waits)


@given(OFFSETS, STEPS, WAITS, st.lists(st.integers(0, 2**32 - 1), max_size=MOST_TYPES + 2))
def test_it_survives_the_trip_up_to_what_fits(
    offset: int, steps: list[tuple[int, int]], facts: list[tuple[int, int, int, int]], failing: list[int]
) -> None:
    """Types; of the waits the longest prefix; of the map what is left room for, perhaps to the middle of a run."""
    runs, waits = runs_from(offset, steps), waits_from(offset, facts)
    metadata = encode(offset, runs, waits, failing)
    found = decode(offset, metadata)
    assert len(metadata) <= MOST_CHARACTERS
    assert found.failing == tuple(failing[:MOST_TYPES])
    reach = found.runs[-1][1] if found.runs else offset
    assert found.waits == waits[: len(found.waits)]
    assert found.runs == tuple((start, min(end, reach)) for start, end in runs if start < reach)
    assert len(found.waits) == len(waits) or len(metadata) > MOST_CHARACTERS - 64
    assert found.runs == runs or len(metadata) > MOST_CHARACTERS - 16


@given(OFFSETS, st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=3_000), st.booleans())
def test_where_every_other_task_waits_a_bit_an_offset_tells_all(
    offset: int, steps: list[tuple[int, int]], waits: bool
) -> None:
    """23,000 offsets behind a busy key fit, whatever became of each."""
    runs = runs_from(offset, steps)
    strict = waits_from(offset, [(1, 2, NOW, NOW)] * 50) if waits else ()
    metadata = encode(offset, runs, strict)
    assert decode(offset, metadata) == Known(strict, runs)
    assert len(metadata) < 700 + (runs[-1][1] - offset) / 6


def test_as_many_waits_as_a_partition_may_hold_always_fit() -> None:
    """Ten more, and all that is large at once: a span of 100,000, 16,383 attempts, 30 days, half a year."""
    offset, waits = 2**61, []
    for number in range(MOST_WAITS + 10):
        due = NOW + (30 * DAY if number % 2 else 0)
        waits.append(Wait(offset + 475 * number, 16_383, due, due - 180 * DAY))
    most_types = [2**32 - 1] * MOST_TYPES
    assert decode(offset, encode(offset, (), waits, most_types)).waits == tuple(waits)


def test_waits_of_minutes_leave_room_for_the_map() -> None:
    """300 of them fit, and 200 leave room for a hundred runs at the least."""
    waits = [Wait(7 + 3 * n, 2 + n % 9, NOW + n * 7_919 % 600_000, NOW - n * 104_729 % 3_600_000) for n in range(320)]
    assert decode(0, encode(0, (), waits)).waits[299] == waits[299]
    runs = [(start, start + 5) for start in range(0, 10_000, 50)]
    known = decode(0, encode(0, runs, waits[:MOST_WAITS]))
    assert len(known.waits) == MOST_WAITS
    assert len(known.runs) == len(runs)


@given(OFFSETS, st.text(max_size=200) | st.from_regex(r"sf[12]:[A-Za-z0-9_-]{0,200}", fullmatch=True))
def test_foreign_metadata_is_refused_or_tells_of_offsets_above(offset: int, metadata: str) -> None:
    """Never an exception of another kind, never anything below the committed offset, never disorder."""
    try:
        known = decode(offset, metadata)
    except UnreadableMetadata:
        return
    assert all(offset <= start < end for start, end in known.runs)
    offsets = [wait.offset for wait in known.waits]
    assert all(offset <= each for each in offsets)
    assert offsets == sorted(set(offsets))
    assert all(wait.attempt >= 1 and 0 <= wait.due <= LATEST_MS for wait in known.waits)


DAMAGED = {
    "foreign": "x", "of a later version": "sf3:AAEB", "no count": "sf2:", "one count": "sf2:AA",
    "fewer waits than announced": "sf2:AgAB", "fewer types than announced": "sf2:AAIB",
    "a run without length": "sf2:AAAB", "an empty run": "sf2:AAABAA", "no end": "sf2:gA", "not base64": "sf2:é",
    "neither types nor waits nor a map": "sf2:AAA", "no bits": "sf2:AQA",
    "too long": "sf2:" + "A" * 5_000, "attempt 0": encode(0, (), [Wait(3, 0, NOW, NOW)]),
    "due before 1970": encode(0, (), [Wait(3, 1, -5, 0)]), "due after 9999": encode(0, (), [Wait(3, 1, 2**50, 0)]),
    "two waits of one offset": encode(0, (), [Wait(3, 1, NOW, NOW)] * 2), "version 1, no length": "sf1:AQ",
    "version 1, an empty run": "sf1:AQA", "version 1, no end": "sf1:gA",
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGED)
def test_each_kind_of_damage_has_its_refusal(kind: str) -> None:
    with pytest.raises(UnreadableMetadata):
        decode(7, DAMAGED[kind])


def test_maps_of_version_1_are_honoured() -> None:
    """As 0.1.0 wrote them: what it had done is not run again by whoever takes over from it."""
    assert decode(7, "sf1:AgEBAw") == Known(runs=((9, 10), (11, 14)))


def test_nothing_is_the_empty_text() -> None:
    """Most commits know nothing above their offset."""
    assert encode(7, ()) == ""
    assert decode(7, "") == decode(7, None) == NOTHING


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

    after = Ledger(point.offset, decode(*point))
    again = [offset for offset in offsets if offset >= point.offset and after.receive(offset, 1)]
    assert again == [offset for offset in offsets if offset not in finished]

    # Killed once more before anything is received: the map must not be forgotten.
    untouched = Ledger(point.offset, decode(*point)).commit_point()
    assert untouched == point
