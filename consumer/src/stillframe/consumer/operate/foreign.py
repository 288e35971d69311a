"""Dead letters that other systems have written: Spring Kafka, Kafka Connect, share groups. Pure.

Names and encodings are those of their sources: Spring's ``KafkaHeaders`` and
``DeadLetterPublishingRecoverer`` (binary big-endian numbers), Connect's ``DeadLetterQueueReporter``, and
KIP-1191's share groups (decimal text both). Headers are untrusted: what cannot be read is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

import orjson

from stillframe.consumer.outcome.redact import redact
from stillframe.schemas import Record
from stillframe.schemas.headers import (
    ERROR_TYPE_BYTES,
    LARGEST_OFFSET,
    MOST_ATTEMPTS,
    DeliveryState,
    Origin,
    clip,
)
from stillframe.schemas.record import RecordHeaders

Headers = Mapping[str, bytes | None]

#: What each prefix is written by. Spring's plain recoverer writes ``dlt`` names, its retry topics others.
SPRING: Final = ("kafka_dlt-", "kafka_original-", "kafka_exception-", "kafka_key-exception-", "retry_topic-")
CONNECT: Final = "__connect.errors."
SHARE_GROUP: Final = "__dlq.errors."
PREFIXES: Final = (*SPRING, CONNECT, SHARE_GROUP)

PLACE: Final = ("topic", "partition", "offset")
LARGEST_PARTITION: Final = 2**31 - 1
TOPIC_BYTES: Final = 249


class System(StrEnum):
    """Who has written a dead letter."""

    STILLFRAME = "stillframe"
    SPRING = "spring-kafka"
    CONNECT = "kafka-connect"
    SHARE_GROUP = "share-group"


class Foreign(NamedTuple):
    """What a dead letter of another system says.

    Attributes:
        group: the consumer group that it died in, if it says so.
    """

    system: System
    state: DeliveryState
    group: str | None


def read_foreign(record: Record) -> Foreign | None:
    """``None`` if no system that is known here has written it."""
    headers = dict(record.headers)  # the last of a name counts, as for them
    if f"{CONNECT}topic" in headers:
        return _connect(headers)
    if f"{SHARE_GROUP}topic" in headers:
        return _share_group(headers)
    if any(f"{prefix}original-topic" in headers for prefix in ("kafka_dlt-", "kafka_")):
        return _spring(headers)
    return None


def without_foreign(headers: RecordHeaders) -> RecordHeaders:
    """Without what they have written of the death: else Spring would go on counting the attempts, and all of
    them keep the old origin."""
    return tuple(header for header in headers if not header[0].startswith(PREFIXES))


def redacted_message(record: Record, system: System) -> str | None:
    """The first line of the error's message, without what it quotes of the content (promise I10).

    Where the value is no JSON nobody can tell what the message quotes of it: then there is none.
    """
    headers = dict(record.headers)
    names = {
        System.SPRING: ("kafka_dlt-exception-message", "kafka_exception-message"),
        System.CONNECT: (f"{CONNECT}exception.message",),
        System.SHARE_GROUP: (f"{SHARE_GROUP}message",),
    }
    found = next((headers[name] for name in names.get(system, ()) if headers.get(name)), None)
    lines = (found or b"").decode(errors="replace").strip().splitlines()
    if not lines or (maskable := _as_payload(record)) is None:
        return None
    return redact(lines[0], maskable)


def _as_payload(record: Record) -> Record | None:
    """The record with its whole value as a payload: that is what redaction masks."""
    try:
        value = orjson.dumps({"payload": orjson.loads(record.value or b"null")})
    except orjson.JSONDecodeError:
        return None
    return Record(record.topic, record.key, value)


def _spring(headers: Headers) -> Foreign:
    def first(name: str) -> bytes | None:
        return headers.get(f"kafka_dlt-{name}") or headers.get(f"kafka_{name}")

    # The exception itself is nearly always the wrapper around the listener's own.
    error = first("exception-cause-fqcn") or first("exception-fqcn")
    state = DeliveryState(
        attempt=max(1, _binary(headers.get("retry_topic-attempts"), MOST_ATTEMPTS) or 1),
        error_type=_text(error, ERROR_TYPE_BYTES),
        origin=_origin(_binary, first("original-topic"), first("original-partition"), first("original-offset")),
    )
    return Foreign(System.SPRING, state, _text(headers.get("kafka_dlt-original-consumer-group"), TOPIC_BYTES))


def _connect(headers: Headers) -> Foreign:
    origin = _origin(_decimal, *(headers.get(CONNECT + name) for name in PLACE))
    error = _text(headers.get(f"{CONNECT}exception.class.name"), ERROR_TYPE_BYTES)
    # It names the connector, whose group is `connect-` and that name only by default.
    return Foreign(System.CONNECT, DeliveryState(error_type=error, origin=origin), None)


def _share_group(headers: Headers) -> Foreign:
    state = DeliveryState(
        attempt=max(1, _decimal(headers.get(f"{SHARE_GROUP}delivery.count"), MOST_ATTEMPTS) or 1),
        # The broker's own words, a few sentences that are always the same: there is no class.
        error_type=_text(headers.get(f"{SHARE_GROUP}message"), ERROR_TYPE_BYTES),
        origin=_origin(_decimal, *(headers.get(SHARE_GROUP + name) for name in PLACE)),
    )
    return Foreign(System.SHARE_GROUP, state, _text(headers.get(f"{SHARE_GROUP}group"), TOPIC_BYTES))


def _origin(
    number: Callable[[bytes | None, int], int | None],
    topic: bytes | None,
    partition: bytes | None,
    offset: bytes | None,
) -> Origin | None:
    name = _text(topic, TOPIC_BYTES)
    numbers = number(partition, LARGEST_PARTITION), number(offset, LARGEST_OFFSET)
    if not name or numbers[0] is None or numbers[1] is None:
        return None
    return Origin(name, numbers[0], numbers[1])


def _binary(raw: bytes | None, largest: int) -> int | None:
    """A Java int or long, or the single byte that counted attempts once."""
    if raw is None or len(raw) not in {1, 4, 8}:
        return None
    number = int.from_bytes(raw, signed=len(raw) > 1)
    return number if 0 <= number <= largest else None


def _decimal(raw: bytes | None, largest: int) -> int | None:
    if raw is None or not raw.isdigit() or len(raw) > 19 or int(raw) > largest:
        return None
    return int(raw)


def _text(raw: bytes | None, limit: int) -> str | None:
    return clip(raw.decode(errors="replace"), limit) if raw else None
