"""Delivery headers: any state survives, any bytes are read or refused."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from stillframe.schemas import InvalidHeaders, Record
from stillframe.schemas import headers as wire
from stillframe.schemas.headers import DeliveryState, Origin, clip, read_delivery_state, with_delivery_state

# The bounds of st.datetimes() are naive by its contract.
YEARS = (datetime(1971, 1, 1), datetime(9999, 12, 30))  # noqa: DTZ001

milliseconds = st.none() | st.integers(0, wire.LATEST_MS)
topic_names = st.from_regex(r"[a-zA-Z0-9._-]{1,249}", fullmatch=True)
origins = st.builds(Origin, topic_names, st.integers(0, 2**31 - 1), st.integers(0, wire.LARGEST_OFFSET))
states = st.builds(
    DeliveryState,
    attempt=st.integers(1, wire.MOST_ATTEMPTS),
    not_before=milliseconds,
    first_failed_at=milliseconds,
    error_type=st.none() | st.text(max_size=400),
    error_message=st.none() | st.text(max_size=1_500),
    origin=st.none() | origins,
    retry_tier=st.none() | st.from_regex(r"[1-9][0-9]{0,5}[smhd]", fullmatch=True),
    replayed=st.integers(0, wire.MOST_ATTEMPTS),
)
names = st.sampled_from(sorted(wire.DELIVERY_HEADERS)) | st.text(max_size=10)
values = st.none() | st.binary(max_size=30) | st.integers().map(lambda number: str(number).encode())
headers = st.lists(st.tuples(names, values), max_size=12).map(tuple)


def record(written: tuple[tuple[str, bytes | None], ...]) -> Record:
    return Record("t", None, None, written)


def clipped(text: str | None, limit: int) -> str | None:
    return None if text is None else clip(text, limit)


@given(headers, states)
def test_written_then_read_is_equal(before: tuple[tuple[str, bytes | None], ...], state: DeliveryState) -> None:
    """A state survives, text within its bounds; foreign headers stay as they were; the old state goes."""
    after = with_delivery_state(before, state)
    read = read_delivery_state(record(after))
    assert (read.error_type, read.error_message) == (
        clipped(state.error_type, wire.ERROR_TYPE_BYTES),
        clipped(state.error_message, wire.ERROR_MESSAGE_BYTES),
    )
    assert (read.attempt, read.not_before, read.first_failed_at) == (
        state.attempt, state.not_before, state.first_failed_at,
    )  # fmt: skip
    assert (read.origin, read.retry_tier, read.replayed) == (state.origin, state.retry_tier, state.replayed)
    assert with_delivery_state(after, read) == after
    foreign = tuple(header for header in before if header[0] not in wire.DELIVERY_HEADERS)
    assert after[: len(foreign)] == foreign
    assert sum(len(name) + len(value or b"") for name, value in after[len(foreign) :]) < 2_048


@given(headers)
def test_arbitrary_headers_are_read_or_refused(forged: tuple[tuple[str, bytes | None], ...]) -> None:
    """Whatever arrives, the result is in bounds or the error is InvalidHeaders."""
    try:
        state = read_delivery_state(record(forged))
    except InvalidHeaders:
        return
    assert 1 <= state.attempt <= wire.MOST_ATTEMPTS
    assert 0 <= (state.not_before or 0) <= wire.LATEST_MS
    assert wire.moment(state.not_before) is None or state.not_before is not None
    assert not any(character < " " for character in (state.error_message or ""))


@given(st.integers(0, wire.LATEST_MS))
def test_milliseconds_and_moments_agree(number: int) -> None:
    """Every millisecond up to the year 9999 has its moment, exactly."""
    moment = wire.moment(number)
    assert moment is not None
    assert wire.milliseconds(moment) == number


@given(st.datetimes(*YEARS, timezones=st.just(UTC)))
def test_a_due_time_is_never_early(moment: datetime) -> None:
    """A due time on the wire is at or after the one asked for, by less than a millisecond."""
    written = wire.moment(wire.milliseconds(moment))
    assert written is not None
    assert 0 <= (written - moment).total_seconds() < 0.001


@given(st.text(max_size=300), st.integers(0, 300))
def test_clip_is_one_line_within_its_limit(text: str, limit: int) -> None:
    """At most ``limit`` bytes, no control character, and clipping again changes no more than its edge."""
    cut = clip(text, limit)
    assert len(cut.encode()) <= limit
    assert wire.CONTROL.search(cut) is None
