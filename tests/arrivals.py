"""Partitions and arrivals made by hand, for tests of what happens between the poll and the outcome."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.progress.ledger import Ledger
from stillframe.consumer.quarantine.companion import Place
from stillframe.consumer.quarantine.marks import Marks
from stillframe.schemas import Record, Task, TaskType, encode, uuid7
from stillframe.schemas.headers import DeliveryState, Origin
from stillframe.schemas.record import RecordHeaders
from stillframe.schemas.topics import Tier, TopicFamily

FAMILY = TopicFamily("emails", "mailer")


class Email(BaseModel):
    """The payload of the tests."""

    to: str
    subject: str = ""


send_email = TaskType("send_email", Email, topic="emails", key=lambda email: email.to)


def partition(number: int = 0, *, tier: Tier | None = None, start: int = 0) -> Partition:
    """A partition of topic ``emails``, or of one of its retry topics, as group ``mailer`` owns it."""
    topic = FAMILY.topic if tier is None else FAMILY.retry_topic(tier)
    return Partition(topic, number, FAMILY, tier, Ledger(start))


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


def task_of(email: Email, **fields: Any) -> Task[Email]:
    """A task as a web application would have submitted it."""
    return Task(
        id=uuid7(), type=send_email.name, payload=email, created_at=datetime.now(UTC),
        key=send_email.key_of(email), **fields,
    )  # fmt: skip


def email_arrival(email: Email | None = None, *, attempt: int = 1, **fields: Any) -> Arrival:
    """The arrival of a ``send_email`` task, real down to its bytes; ``fields`` are the task's."""
    wire = encode(task_of(email or Email(to="ada@example.com"), **fields))
    return arrival(partition(), value=wire.value, key=wire.key, headers=wire.headers, lane=wire.key, attempt=attempt)


def unmarked(places: Sequence[Place]) -> Mapping[Place, Marks]:
    """Nothing is known against any record: no crash has been seen."""
    return {place: {} for place in places}
