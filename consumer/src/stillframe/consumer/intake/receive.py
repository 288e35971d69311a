"""From a Kafka message to an arrival: its lane, its due time, its delivery state."""

from __future__ import annotations

import operator
from collections.abc import Hashable, Mapping
from typing import Any, Final

from confluent_kafka import Message

from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.ordering import Ordering, RetryOrder
from stillframe.consumer.retry import FARTHEST
from stillframe.schemas import DecodeError, InvalidHeaders, Record
from stillframe.schemas.headers import CE_TYPE, DeliveryState, Origin, read_delivery_state
from stillframe.schemas.record import RecordHeaders
from stillframe.schemas.wire import peek_type

#: The state of what has just been submitted, all the same; where it lay is told by its record.
FRESH: Final = DeliveryState()


class Receiver:
    """Makes arrivals; knows each topic's ordering and order of retries, and each task type's executor."""

    def __init__(
        self,
        ordering: Mapping[str, Ordering],
        retry_order: Mapping[str, RetryOrder],
        executors: Mapping[str, Executor],
    ) -> None:
        self._ordering = ordering
        self._strict = {topic for topic, order in retry_order.items() if order is RetryOrder.STRICT}
        self._executors = executors

    def arrival(self, message: Message, partition: Partition, now: int) -> Arrival:
        """An arrival, faulty if its headers are; nothing in a message can raise here."""
        headers, key, value = _headers(message), message.key(), message.value()
        record = Record(partition.topic, key, value, headers or (), partition.number, _number(message.offset()))
        if headers is None:
            # The value may be sound, but delivery state that cannot be read must not count as none.
            fault = InvalidHeaders("a header's name is not UTF-8")
            arrival = Arrival(record, partition, None, DeliveryState(origin=_position(record)), fault=fault)
        elif partition.tier is None:
            # On the task topic anyone with write access could forge delivery headers: they are not read.
            arrival = Arrival(record, partition, self._lane(key, partition, partition.number), FRESH)
        else:
            arrival = self._from_tier(record, partition, now)
        in_headers, named = _walk(record.headers)
        arrival.size = len(value or b"") + len(key or b"") + in_headers
        if arrival.fault is None:
            self._type(arrival, named)
        return arrival

    def _from_tier(self, record: Record, partition: Partition, now: int) -> Arrival:
        assumed = DeliveryState(origin=_position(record))
        try:
            state = read_delivery_state(record)
        except InvalidHeaders as error:
            return Arrival(record, partition, None, assumed, fault=error)
        due = state.not_before or 0
        if due > now + FARTHEST:
            fault = InvalidHeaders("header stillframe-not-before is more than 30 days ahead")
            return Arrival(record, partition, None, state, fault=fault)
        if partition.tier is partition.family.tiers[-1]:
            # Longer than the longest tier: come back to it and hop on, lest retention delete it here.
            due = min(due, now + partition.tier.seconds * 1_000)
        origin = state.origin or assumed.origin
        number = record.partition if origin is None else origin.partition
        return Arrival(record, partition, self._lane(record.key, partition, number), state, due=due)

    def _type(self, arrival: Arrival, named: bytes | None) -> None:
        """Set its topic's order of retries, its task type as the record tells it, and its handler's executor;
        what has no handler goes to a thread, where it comes to its end in the dead-letter topic.
        """
        # Without a lane there is nobody whose order could be kept.
        arrival.strict = arrival.lane is not None and arrival.partition.family.topic in self._strict
        try:
            arrival.task_type = peek_type(arrival.record) if named is None else named.decode(errors="replace")
        except DecodeError:
            return
        arrival.executor = self._executors.get(arrival.task_type, Executor.THREAD)

    def _lane(self, key: bytes | None, partition: Partition, number: int) -> Hashable | None:
        """A task and its retries share a lane: it belongs to the task topic, wherever it was read."""
        topic = partition.family.topic
        ordering = self._ordering.get(topic, Ordering.KEY)
        if ordering is Ordering.PARTITION:
            return (topic, number)
        return (topic, key) if ordering is Ordering.KEY and key is not None else None


def as_record(message: Message) -> Record:
    """The plain data of a message that is not an error; without headers if they cannot be read."""
    return _record(message, _headers(message) or ())


def _record(message: Message, headers: RecordHeaders) -> Record:
    return Record(
        topic=message.topic() or "",
        key=message.key(),
        value=message.value(),
        headers=headers,
        partition=_number(message.partition()),
        offset=_number(message.offset()),
    )


# Called from C, where the interpreter looks for an error left pending by what it has called. A call from
# Python does so only until it is specialised: then the error comes out of whatever runs next, or the
# missing name ends the process.
_ask_headers = operator.methodcaller("headers")


def _headers(message: Message) -> RecordHeaders | None:
    """The headers, or ``None`` if one's name is not UTF-8: then the client gives out none of them.

    Asked once a message: of such names the client leaves nothing in what it has made, where nothing may
    stand, and asked again it would return that.
    """
    try:
        raw: Any = _ask_headers(message)
    except (SystemError, UnicodeDecodeError):
        return None
    return tuple(raw) if raw else ()


def _walk(headers: RecordHeaders) -> tuple[int, bytes | None]:
    """How many bytes they are, and what the task's type is by them; the last of a name counts."""
    size, named = 0, None
    for name, content in headers:
        size += len(name) + len(content or b"")
        if name == CE_TYPE:
            named = content
    return size, named


def _position(record: Record) -> Origin:
    return Origin(record.topic, record.partition, record.offset)


def _number(value: int | None) -> int:
    return -1 if value is None else value
