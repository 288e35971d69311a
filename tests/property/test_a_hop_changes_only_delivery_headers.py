"""The next hop of a failed task: right topic, headers that can be read back, nothing else touched."""

from hypothesis import given
from hypothesis import strategies as st

from stillframe.consumer.outcome.classify import Failure
from stillframe.consumer.outcome.end import Dead, Retry
from stillframe.consumer.outcome.hop import after_failure, next_hop
from stillframe.schemas import Record
from stillframe.schemas.headers import DELIVERY_HEADERS, DeliveryState, Origin, clip, read_delivery_state
from stillframe.schemas.record import RecordHeaders
from tests.arrivals import FAMILY, arrival, partition

NOW = 1_800_000_000_000
#: By which retry and dead-letter topics exceed the task topic's max.message.bytes.
BUDGET = 65_536

long_texts = st.text(max_size=50).flatmap(lambda text: st.sampled_from([text, text * 1_000]))
failures = st.builds(Failure, long_texts, long_texts, long_texts, st.booleans())
waits = st.integers(-5_000, 40 * 86_400_000)
retries = st.builds(Retry, waits.map(lambda wait: NOW + wait), st.none() | failures)
ends = retries | st.builds(Dead, failures)
foreign = st.lists(st.tuples(st.text(max_size=8), st.none() | st.binary(max_size=8)), max_size=4).map(tuple)
states = st.builds(
    DeliveryState,
    attempt=st.integers(1, 999_999),
    not_before=st.none() | st.integers(0, NOW),
    first_failed_at=st.none() | st.integers(1, NOW),
    error_message=st.none() | st.text(max_size=20),
    origin=st.builds(Origin, st.just("emails"), st.integers(0, 99), st.integers(0, 2**63 - 1)),
    replayed=st.integers(0, 9),
)
tiers = st.none() | st.sampled_from(FAMILY.tiers)


@given(foreign, states, ends, tiers)
def test_a_hop_keeps_what_it_must_and_moves_on(
    headers: RecordHeaders, state: DeliveryState, end: Retry | Dead, tier: object
) -> None:
    """Other headers stay in place; origin stays; attempts only grow, by one, and only if one was made."""
    source = partition(tier=next((each for each in FAMILY.tiers if each == tier), None))
    failed = arrival(source, headers=headers)
    failed.state = state
    hop = next_hop(failed, end, NOW)
    read = read_delivery_state(Record(hop.topic, None, None, hop.headers))
    kept = tuple(header for header in headers if header[0] not in DELIVERY_HEADERS)
    assert hop.headers[: len(kept)] == kept
    assert sum(len(name.encode()) + len(value or b"") for name, value in hop.headers[len(kept) :]) < BUDGET
    assert (read.origin, read.replayed) == (state.origin, state.replayed)
    spent = isinstance(end, Retry) and end.failure is not None
    assert read.attempt == state.attempt + spent
    assert end.failure is None or read.error_type == clip(end.failure.type, 256)
    assert end.failure is None or read.first_failed_at == (state.first_failed_at or NOW)


@given(states, ends)
def test_a_hop_goes_where_it_should(state: DeliveryState, end: Retry | Dead) -> None:
    """Dead to the dead-letter topic, without a due time; a retry to the smallest tier that holds it."""
    failed = arrival(partition())
    failed.state = state
    hop = next_hop(failed, end, NOW)
    read = read_delivery_state(Record(hop.topic, None, None, hop.headers))
    if isinstance(end, Dead):
        assert hop.topic == FAMILY.dead_letter_topic
        assert (read.not_before, read.retry_tier) == (None, None)
        return
    tier = FAMILY.retry_topics[hop.topic]
    holding = [each for each in FAMILY.tiers if (each.seconds + 1) * 1_000 > end.due - NOW]
    assert tier == (holding[0] if holding else FAMILY.tiers[-1])
    assert (read.not_before, read.retry_tier) == (max(0, end.due), tier.name)


@given(states, st.lists(retries, max_size=10))
def test_waiting_in_memory_leaves_the_same_state(state: DeliveryState, ends: list[Retry]) -> None:
    """However often a task fails in memory, attempts count the failures and the first one keeps its time."""
    after = state
    for number, end in enumerate(ends):
        after = after_failure(after, end, NOW + number)
    spent = [number for number, end in enumerate(ends) if end.failure is not None]
    assert after.attempt == state.attempt + len(spent)
    assert after.first_failed_at == (state.first_failed_at or (NOW + spent[0] if spent else None))
    assert after.origin == state.origin
