"""Record headers: CloudEvents identity, and the delivery state that workers write.

Identity is the CloudEvents Kafka protocol binding 1.0.2, binary content mode. Delivery headers are
ours, lower-case ASCII. They count on retry and dead-letter topics only, which by ACL only workers
write; they are untrusted all the same, so everything read from them has a bound.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from stillframe.schemas.errors import InvalidHeaders
from stillframe.schemas.frozen import frozen
from stillframe.schemas.record import Record, RecordHeaders

CE_SPECVERSION: Final = "ce_specversion"
CE_ID: Final = "ce_id"
CE_TYPE: Final = "ce_type"
CE_SOURCE: Final = "ce_source"
CE_TIME: Final = "ce_time"
CONTENT_TYPE: Final = "content-type"

ATTEMPT: Final = "stillframe-attempt"
NOT_BEFORE: Final = "stillframe-not-before"
FIRST_FAILED_AT: Final = "stillframe-first-failed-at"
ERROR_TYPE: Final = "stillframe-error-type"
ERROR_MESSAGE: Final = "stillframe-error-message"
ORIGIN_TOPIC: Final = "stillframe-origin-topic"
ORIGIN_PARTITION: Final = "stillframe-origin-partition"
ORIGIN_OFFSET: Final = "stillframe-origin-offset"
RETRY_TIER: Final = "stillframe-retry-tier"
REPLAYED: Final = "stillframe-replayed"

DELIVERY_HEADERS: Final = frozenset({
    ATTEMPT, NOT_BEFORE, FIRST_FAILED_AT, ERROR_TYPE, ERROR_MESSAGE,
    ORIGIN_TOPIC, ORIGIN_PARTITION, ORIGIN_OFFSET, RETRY_TIER, REPLAYED,
})  # fmt: skip

#: Bytes kept of each text header. All delivery headers together stay far below the 64 KiB
#: by which retry and dead-letter topics exceed the task topic's max.message.bytes.
ERROR_TYPE_BYTES: Final = 256
ERROR_MESSAGE_BYTES: Final = 1_024

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
#: Epoch milliseconds up to the year 9999: what ``datetime`` can hold.
LATEST_MS: Final = 253_402_300_799_999
MOST_ATTEMPTS: Final = 1_000_000
LARGEST_OFFSET: Final = 2**63 - 1

#: Header names to values.
Values = dict[str, bytes | None]

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@frozen
class Origin:
    """Where a task first lay: its task topic, partition and offset."""

    topic: str
    partition: int
    offset: int


@frozen
class DeliveryState:
    """What a record's delivery headers say.

    Attributes:
        attempt: the attempt that comes next, from 1; in the dead-letter topic, the last one made.
        not_before: due time in epoch milliseconds.
        first_failed_at: epoch milliseconds.
        error_type, error_message: the last failure.
        origin: where the task first lay.
        retry_tier: the tier it was sent to.
        replayed: how often an operator has sent it back from the dead-letter topic.
    """

    attempt: int = 1
    not_before: int | None = None
    first_failed_at: int | None = None
    error_type: str | None = None
    error_message: str | None = None
    origin: Origin | None = None
    retry_tier: str | None = None
    replayed: int = 0

    def __repr__(self) -> str:
        return f"<DeliveryState attempt {self.attempt}, not before {self.not_before}>"


def read_delivery_state(record: Record) -> DeliveryState:
    """The delivery state in a retry or dead-letter record's headers.

    Raises:
        InvalidHeaders: a header is not of its form or beyond its bound. Names the header only.
    """
    values = dict(record.headers)  # the last of a name counts, as in Record.header()
    return DeliveryState(
        attempt=max(1, _number(values, ATTEMPT, MOST_ATTEMPTS) or 1),
        not_before=_number(values, NOT_BEFORE, LATEST_MS),
        first_failed_at=_number(values, FIRST_FAILED_AT, LATEST_MS),
        error_type=_text(values, ERROR_TYPE, ERROR_TYPE_BYTES),
        error_message=_text(values, ERROR_MESSAGE, ERROR_MESSAGE_BYTES),
        origin=_origin(values),
        retry_tier=_text(values, RETRY_TIER, 16),
        replayed=_number(values, REPLAYED, MOST_ATTEMPTS) or 0,
    )


def with_delivery_state(headers: RecordHeaders, state: DeliveryState) -> RecordHeaders:
    """The headers of the next hop: everything that is not delivery state, as it was, then the new state."""
    origin = state.origin
    written: dict[str, object | None] = {
        ATTEMPT: state.attempt,
        NOT_BEFORE: state.not_before,
        FIRST_FAILED_AT: state.first_failed_at,
        ERROR_TYPE: state.error_type and clip(state.error_type, ERROR_TYPE_BYTES),
        ERROR_MESSAGE: state.error_message and clip(state.error_message, ERROR_MESSAGE_BYTES),
        ORIGIN_TOPIC: origin and origin.topic,
        ORIGIN_PARTITION: None if origin is None else origin.partition,
        ORIGIN_OFFSET: None if origin is None else origin.offset,
        RETRY_TIER: state.retry_tier,
        REPLAYED: state.replayed or None,
    }
    kept = tuple(header for header in headers if header[0] not in DELIVERY_HEADERS)
    return kept + tuple((name, str(value).encode()) for name, value in written.items() if value is not None)


def clip(text: str, limit: int) -> str:
    """Text on one line, without control characters, in at most ``limit`` bytes of UTF-8."""
    line = _on_one_line(text).strip()
    return line.encode(errors="replace")[:limit].decode(errors="ignore")


def moment(milliseconds: int | None) -> datetime | None:
    """Epoch milliseconds, up to :data:`LATEST_MS`, as a moment in UTC."""
    return None if milliseconds is None else EPOCH + milliseconds * MILLISECOND


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds of a moment, rounded up so that a due time is never early, within header bounds."""
    return min(max(0, -((EPOCH - moment) // MILLISECOND)), LATEST_MS)


def _number(values: Values, name: str, largest: int) -> int | None:
    raw = values.get(name)
    if raw is None:
        return None
    if not (raw.isdigit() and len(raw) <= 19 and int(raw) <= largest):
        raise InvalidHeaders(f"header {name} is not a decimal number from 0 to {largest} in ASCII digits")
    return int(raw)


def _text(values: Values, name: str, limit: int) -> str | None:
    raw = values.get(name)
    if raw is None:
        return None
    if len(raw) > limit:
        raise InvalidHeaders(f"header {name} has {len(raw)} bytes, at most {limit} are read")
    return _on_one_line(raw.decode(errors="replace"))


def _on_one_line(text: str) -> str:
    """Without control characters, which hardly any text has: to look is cheaper than to replace."""
    return text if text.isprintable() else CONTROL.sub(" ", text)


def _origin(values: Values) -> Origin | None:
    topic = _text(values, ORIGIN_TOPIC, 249)
    partition = _number(values, ORIGIN_PARTITION, 2**31 - 1)
    offset = _number(values, ORIGIN_OFFSET, LARGEST_OFFSET)
    if topic is None or partition is None or offset is None:
        return None
    return Origin(topic, partition, offset)
