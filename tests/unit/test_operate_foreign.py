"""Dead letters of other systems, with the bytes that these write."""

import struct

import pytest

from stillframe.consumer.operate.dead_letters import DeadLetter
from stillframe.consumer.operate.foreign import System, redacted_message, without_foreign
from stillframe.schemas import Record
from stillframe.schemas.headers import Origin
from stillframe.schemas.record import RecordHeaders
from tests.dead_letters import NOON, SECRET
from tests.foreign_dead_letters import CONNECT, SHARE_GROUP, SPRING, SPRING_RETRIES

VALUE = b'{"to": "canary-4711", "amount": 12}'


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
