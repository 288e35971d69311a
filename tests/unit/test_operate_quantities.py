"""Durations, sizes and moments as an operator reads them."""

import pytest

from stillframe.consumer.operate.quantities import duration, moment, parse_moment, size


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (604_800_000, "7 d"),
        (5_400_000, "90 min"),
        (3_600_000, "1 h"),
        (61_000, "61 s"),
        (1_001, "1,001 ms"),
        (0, "0 ms"),
    ],
)
def test_durations_take_the_largest_whole_unit(milliseconds: int, shown: str) -> None:
    """No figure is rounded: a limit that is missed by a millisecond must look like it."""
    assert duration(milliseconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(2**30, "1 GiB"), (65_536, "64 KiB"), (1_048_588, "1,048,588 B"), (0, "0 B")]
)
def test_sizes_take_the_largest_whole_unit(count: int, shown: str) -> None:
    """Kafka's default of 1,048,588 bytes is not 1 MiB, and must not look like it."""
    assert size(count) == shown


def test_moments_are_in_utc() -> None:
    """RFC 3339, to the second."""
    assert moment(1_767_355_200_999) == "2026-01-02T12:00:00Z"
    assert moment(None) is None


@pytest.mark.parametrize("text", ["30000d", "0001-01-01T00:00:00+14:00"])
def test_no_moment_is_before_the_epoch(text: str) -> None:
    """Kafka has other meanings for a time below 0: its latest record, its earliest."""
    assert parse_moment(text, 1_767_355_200_999) == 0
