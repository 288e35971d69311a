"""Delivery headers: written then read they are equal; whatever else arrives is refused by name."""

from datetime import UTC, datetime, timedelta

import pytest

from stillframe.schemas import InvalidHeaders, Record
from stillframe.schemas import headers as wire
from stillframe.schemas.headers import DeliveryState, Origin, clip, read_delivery_state, with_delivery_state


def record(*headers: tuple[str, bytes | None]) -> Record:
    return Record("t.g.retry.1m", None, b"{}", headers)


def test_no_headers_is_a_first_attempt() -> None:
    """A record that was never retried has the default state."""
    assert read_delivery_state(record()) == DeliveryState(attempt=1)


def test_a_hop_replaces_only_delivery_state() -> None:
    """Foreign headers keep their order, bytes and repeats; the old delivery state goes, in every repeat."""
    before = (
        ("ce_id", b"1"),
        (wire.ATTEMPT, b"2"),
        ("traceparent", b"\xff\x00"),
        (wire.ERROR_MESSAGE, b"old"),
        ("traceparent", None),
        (wire.ATTEMPT, b"3"),
    )
    after = with_delivery_state(before, DeliveryState(attempt=4))
    assert after == (
        ("ce_id", b"1"),
        ("traceparent", b"\xff\x00"),
        ("traceparent", None),
        (wire.ATTEMPT, b"4"),
    )


def test_the_last_of_a_repeated_header_counts() -> None:
    """As Kafka's own ``lastHeader`` has it."""
    assert read_delivery_state(record((wire.ATTEMPT, b"2"), (wire.ATTEMPT, b"7"))).attempt == 7


@pytest.mark.parametrize(
    "name", [wire.ATTEMPT, wire.NOT_BEFORE, wire.FIRST_FAILED_AT, wire.ORIGIN_OFFSET, wire.REPLAYED]
)
@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"-1",
        b"+1",
        b"1.0",
        b" 1",
        b"1e3",
        b"0x1",
        b"\xd9\xa1",
        b"9" * 19,
        b"9" * 5_000,
        b"\xff",
        b"1\x00",
    ],
)
def test_a_number_that_is_none_is_refused_by_name(name: str, value: bytes) -> None:
    """The error names the header and its bound, never the value."""
    with pytest.raises(InvalidHeaders, match=f"header {name} is not a decimal number from 0 to") as refused:
        read_delivery_state(record((name, value)))
    assert len(str(refused.value)) < 200


def test_text_beyond_its_bound_is_refused() -> None:
    """A forged error message of megabytes is not read."""
    with pytest.raises(InvalidHeaders, match="at most 1024 are read"):
        read_delivery_state(record((wire.ERROR_MESSAGE, b"x" * 1_025)))
    with pytest.raises(InvalidHeaders, match="at most 16 are read"):
        read_delivery_state(record((wire.RETRY_TIER, b"x" * 17)))


def test_an_origin_needs_all_its_parts() -> None:
    """Topic, partition and offset, or none."""
    parts = ((wire.ORIGIN_TOPIC, b"emails"), (wire.ORIGIN_PARTITION, b"3"), (wire.ORIGIN_OFFSET, b"12"))
    assert read_delivery_state(record(*parts)).origin == Origin("emails", 3, 12)
    assert read_delivery_state(record(*parts[:2])).origin is None


def test_text_is_one_line_without_control_characters() -> None:
    """Nothing in an error header can start a new log line or colour a terminal."""
    nasty = "a\r\nb\x1b[31mc\x00\u2028d\x85e"
    assert clip(nasty, 100) == "a b [31mc d e"
    assert read_delivery_state(record((wire.ERROR_TYPE, nasty.encode()))).error_type == "a b [31mc d e"
    assert read_delivery_state(record((wire.ERROR_TYPE, b"\xff\xfe"))).error_type == "\ufffd\ufffd"


def test_text_is_cut_at_a_character() -> None:
    """A cut never leaves half a character, and lone surrogates do not stop a dead letter."""
    assert clip("é" * 10, 5) == "éé"
    assert clip("\ud800x", 10) == "?x"
    state = DeliveryState(error_message="é" * 2_000, error_type="E" * 2_000)
    sizes = {name: len(value or b"") for name, value in with_delivery_state((), state)}
    assert sizes[wire.ERROR_MESSAGE] <= 1_024
    assert sizes[wire.ERROR_TYPE] <= 256


def test_moments_are_never_early() -> None:
    """A due time is rounded up to the millisecond, and stays within what the headers can say."""
    noon = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
    assert wire.milliseconds(noon) == 1_767_355_200_000
    assert wire.milliseconds(noon + timedelta(microseconds=1)) == 1_767_355_200_001
    assert wire.milliseconds(datetime.max.replace(tzinfo=UTC)) == wire.LATEST_MS
    assert wire.milliseconds(datetime.min.replace(tzinfo=UTC)) == 0
    assert wire.moment(wire.milliseconds(noon)) == noon
    assert wire.moment(wire.LATEST_MS) == datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    assert wire.moment(None) is None


def test_repr_shows_no_error_text() -> None:
    """An error's message may be content; the repr leaves it out."""
    assert "canary" not in repr(DeliveryState(error_message="canary", error_type="canary"))
