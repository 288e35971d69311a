"""Partitions and arrivals made by hand, for tests of what happens between the poll and the outcome."""

from collections.abc import Hashable
from typing import Any

from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.schemas import Record
from stillframe.schemas.headers import DeliveryState, Origin
from stillframe.schemas.record import RecordHeaders
from stillframe.schemas.topics import Tier, TopicFamily

FAMILY = TopicFamily("emails", "mailer")


def partition(number: int = 0, *, tier: Tier | None = None, start: int = 0) -> Partition:
    """A partition of topic ``emails``, or of one of its retry topics, as group ``mailer`` owns it."""
    topic = FAMILY.topic if tier is None else FAMILY.retry_topic(tier)
    return Partition(topic, number, FAMILY, tier, start)


def arrival(
    source: Partition,
    offset: int = 0,
    *,
    value: bytes | None = None,
    key: bytes | None = None,
    headers: RecordHeaders = (),
    lane: Hashable | None = None,
    **state: Any,
) -> Arrival:
    """A record of ``source`` on its way through the worker; ``state`` is its DeliveryState's."""
    record = Record(source.topic, key, value, headers, source.number, offset)
    origin = Origin(source.family.topic, source.number, offset)
    return Arrival(record, source, lane, DeliveryState(**({"origin": origin} | state)))
