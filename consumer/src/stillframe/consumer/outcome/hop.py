"""The next hop of a task that did not end well: which topic, which headers. Pure.

The value and key never change; only delivery headers do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.end import Dead, Retry
from stillframe.schemas.headers import DeliveryState, Origin, with_delivery_state
from stillframe.schemas.record import RecordHeaders


@dataclass(frozen=True, slots=True)
class Hop:
    """Where a record goes next."""

    topic: str
    headers: RecordHeaders


def after_failure(state: DeliveryState, end: Retry, now: int) -> DeliveryState:
    """The state of the next delivery; a wait without a failure (ETA) spends no attempt."""
    if end.failure is None:
        return replace(state, not_before=end.due)
    return replace(
        state,
        attempt=state.attempt + 1,
        not_before=end.due,
        first_failed_at=state.first_failed_at or now,
        error_type=end.failure.type,
        error_message=end.failure.message,
    )


def next_hop(arrival: Arrival, end: Retry | Dead, now: int) -> Hop:
    """The retry tier or dead-letter topic for an end, and the headers that travel with it."""
    family = arrival.partition.family
    state, record = arrival.state, arrival.record
    if state.origin is None and arrival.partition.tier is None:
        state = replace(state, origin=Origin(record.topic, record.partition, record.offset))
    if isinstance(end, Dead):
        topic = family.dead_letter_topic
        state = replace(
            state,
            not_before=None,
            retry_tier=None,
            first_failed_at=state.first_failed_at or now,
            error_type=end.failure.type,
            error_message=f"{end.failure.message} ({end.failure.place})"
            if end.failure.place
            else end.failure.message,
        )
    else:
        state = after_failure(state, end, now)
        # Whole seconds: a delay of a tier's length, rounded up to a millisecond more, belongs in that tier.
        tier = family.tier_for((end.due - now) // 1_000)
        topic = family.retry_topic(tier)
        state = replace(state, retry_tier=tier.name)
    return Hop(topic, with_delivery_state(record.headers, state))
