"""Dead letters of other systems, with the bytes that these write."""

import struct

import pytest

from stillframe.consumer.operate.dead_letters import DeadLetter
from stillframe.consumer.operate.foreign import System, redacted_message, without_foreign
from stillframe.schemas import Record
from stillframe.schemas.headers import Origin
from stillframe.schemas.record import RecordHeaders
from tests.dead_letters import NOON, SECRET

VALUE = b'{"to": "canary-4711", "amount": 12}'

#: DeadLetterPublishingRecoverer: numbers are Java's int and long, big-endian.
SPRING: RecordHeaders = (
    ("__TypeId__", b"com.shop.Order"),
    ("kafka_dlt-original-topic", b"orders"),
    ("kafka_dlt-original-partition", struct.pack(">i", 3)),
    ("kafka_dlt-original-offset", struct.pack(">q", 2**40)),
    ("kafka_dlt-original-timestamp", struct.pack(">q", NOON)),
    ("kafka_dlt-original-timestamp-type", b"CreateTime"),
    ("kafka_dlt-original-consumer-group", b"billing"),
    ("kafka_dlt-exception-fqcn", b"org.springframework.kafka.listener.ListenerExecutionFailedException"),
    ("kafka_dlt-exception-cause-fqcn", b"java.lang.IllegalStateException"),
    ("kafka_dlt-exception-message", b"Listener failed; no account for canary-4711\n\tat com.shop"),
    ("kafka_dlt-exception-stacktrace", b"java.lang..."),
)
#: @RetryableTopic: other names for all but the group, and one header more for each attempt.
SPRING_RETRIES: RecordHeaders = (
    ("retry_topic-attempts", struct.pack(">i", 2)),
    ("retry_topic-attempts", struct.pack(">i", 4)),
    ("retry_topic-backoff-timestamp", NOON.to_bytes(6)),
    ("kafka_original-topic", b"orders"),
    ("kafka_original-partition", struct.pack(">i", 0)),
    ("kafka_original-offset", struct.pack(">q", 7)),
    ("kafka_dlt-original-consumer-group", b"billing"),
    ("kafka_exception-fqcn", b"java.lang.IllegalArgumentException"),
    ("kafka_exception-message", b"bad amount"),
)
#: DeadLetterQueueReporter: all of it is text.
CONNECT: RecordHeaders = (
    ("__connect.errors.topic", b"orders"),
    ("__connect.errors.partition", b"3"),
    ("__connect.errors.offset", b"41"),
    ("__connect.errors.connector.name", b"sink"),
    ("__connect.errors.task.id", b"0"),
    ("__connect.errors.stage", b"VALUE_CONVERTER"),
    ("__connect.errors.class.name", b"org.apache.kafka.connect.json.JsonConverter"),
    ("__connect.errors.exception.class.name", b"org.apache.kafka.connect.errors.DataException"),
    ("__connect.errors.exception.message", b"no field canary-4711"),
    ("__connect.errors.exception.stacktrace", b"org.apache..."),
)
#: ShareGroupDLQStateManager (KIP-1191): text; the record's own headers are not copied.
SHARE_GROUP: RecordHeaders = (
    ("__dlq.errors.topic", b"orders"),
    ("__dlq.errors.partition", b"1"),
    ("__dlq.errors.offset", b"9"),
    ("__dlq.errors.group", b"billing"),
    ("__dlq.errors.delivery.count", b"5"),
    ("__dlq.errors.message", b"Offset rejected by client."),
)


def read(headers: RecordHeaders, value: bytes | None = VALUE, key: bytes | None = b"k") -> DeadLetter:
    return DeadLetter.read(Record("dead", key, value, headers, 0, 1), NOON)


@pytest.mark.parametrize(
    ("headers", "system", "origin", "error", "attempt", "group"),
    [
        (SPRING, System.SPRING, Origin("orders", 3, 2**40), "java.lang.IllegalStateException", 1, "billing"),
        (SPRING_RETRIES, System.SPRING, Origin("orders", 0, 7), "java.lang.IllegalArgumentException", 4, "billing"),
        (CONNECT, System.CONNECT, Origin("orders", 3, 41), "org.apache.kafka.connect.errors.DataException", 1, None),
        (SHARE_GROUP, System.SHARE_GROUP, Origin("orders", 1, 9), "Offset rejected by client.", 5, "billing"),
    ],
)
def test_cause_and_origin_are_read(
    headers: RecordHeaders, system: System, origin: Origin, error: str, attempt: int, group: str | None
) -> None:
    """A team can look into its dead letters before it has a single worker of ours."""
    dead = read(headers)
    assert (dead.system, dead.state.origin, dead.state.error_type) == (system, origin, error)
    assert (dead.state.attempt, dead.group, dead.task_type) == (attempt, group, "orders")
    assert dead.order == (origin.topic, origin.partition, origin.offset)


@pytest.mark.parametrize(
    "headers",
    [
        (("kafka_dlt-original-topic", b"orders"), ("kafka_dlt-original-partition", b"3")),
        (("kafka_dlt-original-topic", b"orders"), ("kafka_dlt-original-partition", struct.pack(">i", -1))),
        (("kafka_dlt-original-topic", None), ("retry_topic-attempts", b"")),
        (("__connect.errors.topic", b"\xff" * 900), ("__connect.errors.offset", b"9" * 40)),
        (("__dlq.errors.topic", b"orders"), ("__dlq.errors.delivery.count", b"-5")),
    ],
)
def test_what_cannot_be_read_is_left_out(headers: RecordHeaders) -> None:
    """Their headers are as untrusted as ours: none of them stops a listing."""
    dead = read(headers)
    assert dead.state.origin is None
    assert dead.state.attempt == 1
    assert dead.order == ("dead", 0, 1)


def test_a_dead_letter_of_ours_is_ours() -> None:
    """Whatever headers its task carried from elsewhere."""
    dead = read((*SPRING, ("stillframe-error-type", b"E"), ("stillframe-attempt", b"2")))
    assert (dead.system, dead.state.error_type, dead.state.attempt) == (System.STILLFRAME, "E", 2)


@pytest.mark.parametrize("headers", [SPRING, CONNECT])
def test_their_messages_quote_nothing_of_the_content(headers: RecordHeaders) -> None:
    """Promise I10: one line, and what it takes from the value is masked."""
    message = read(headers).error_message
    assert message is not None
    assert "***" in message
    assert SECRET not in message
    assert "com.shop" not in message


@pytest.mark.parametrize("value", [b"\x00\x01binary", b"plain canary-4711", b"{"])
def test_of_what_is_no_json_no_message_is_shown(value: bytes) -> None:
    """Nobody can tell what a message quotes of it."""
    assert redacted_message(read(SPRING, value).record, System.SPRING) is None


def test_they_go_back_without_the_traces_of_death() -> None:
    """Spring would go on counting, and every system would keep the old origin."""
    for headers in (SPRING, SPRING_RETRIES, CONNECT, SHARE_GROUP):
        kept = without_foreign((("x-own", b"kept"), *headers))
        assert {name for name, _ in kept} <= {"x-own", "__TypeId__"}


def test_a_share_group_may_have_copied_nothing() -> None:
    """Unless errors.deadletterqueue.copy.record.enable is on, there is nothing to send back."""
    assert not read(SHARE_GROUP, None, None).is_copy
    assert read(SHARE_GROUP).is_copy
    assert read(CONNECT, None, None).is_copy  # a tombstone
