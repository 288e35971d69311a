"""A broker's report on one record, and what each of its errors means for the task."""

from __future__ import annotations

from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message

from stillframe.producer.errors import SubmitFailed, SubmitRejected, SubmitUnknown
from stillframe.schemas.frozen import frozen

_TOPIC: Final = "create it with `stillframe topics apply`"
_ACCESS: Final = "grant this principal Write and Describe on it"
_SIZE: Final = "lower max_task_bytes, or raise max.message.bytes of the topic"

#: The errors after which a record is certainly not in the log, with what to do about each. After any
#: other one the record, or an earlier attempt at it whose answer was lost, may be there.
REFUSALS: Final = {
    KafkaError._UNKNOWN_TOPIC: _TOPIC,
    KafkaError.UNKNOWN_TOPIC_OR_PART: _TOPIC,
    KafkaError._UNKNOWN_PARTITION: "send to a partition that exists",
    KafkaError.TOPIC_EXCEPTION: "choose a legal topic name",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: _ACCESS,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "grant this principal IdempotentWrite on the cluster",
    KafkaError.MSG_SIZE_TOO_LARGE: _SIZE,
    KafkaError.RECORD_LIST_TOO_LARGE: _SIZE,
    KafkaError.POLICY_VIOLATION: "ask who set the broker's policy",
    KafkaError.INVALID_RECORD: "give the task a key if the topic is compacted",
    KafkaError.INVALID_TIMESTAMP: "set this machine's clock",
    KafkaError.INVALID_REQUIRED_ACKS: "the broker does not take this durability",
    KafkaError.UNSUPPORTED_COMPRESSION_TYPE: "choose another compression.type",
    KafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT: "the topic's message format is too old for headers",
    KafkaError.THROTTLING_QUOTA_EXCEEDED: "the principal's quota is used up: try later",
}


@frozen
class Report:
    """What became of one record.

    Attributes:
        topic: where it was sent.
        partition, offset: where it lies; -1 unless it was acknowledged.
        error: why it was not.
    """

    topic: str
    partition: int
    offset: int
    error: SubmitFailed | SubmitUnknown | None = None


def delivered(topic: str, message: Message) -> Report:
    """The report of a record that librdkafka calls delivered.

    Without an offset it was only concluded to be: a later record of its partition was acknowledged. But of a
    producer that it does not know yet a broker takes any record first (measured on Apache Kafka 4.2; from 4.5
    on, KAFKA-15591, a partition that was never written to does not): a refused one, which waits for its next
    try, is then believed to be in the log and is not.
    """
    partition, offset = message.partition(), message.offset()
    if partition is None or offset is None:
        return unknown(topic, "a later record was acknowledged, this one was not", None)
    return Report(topic, partition, offset)


def unsuccessful(topic: str, error: KafkaError, last_trouble: str | None) -> Report:
    """The report of a record that was not acknowledged.

    Args:
        last_trouble: the client's latest trouble with its connections: often the cause of a timeout.
    """
    remedy = REFUSALS.get(error.code())
    if remedy is not None and not error.fatal():
        return Report(topic, -1, -1, SubmitFailed(_refusal(topic, error, remedy)))
    return unknown(topic, error.str(), last_trouble)


def unknown(topic: str, reason: str, last_trouble: str | None) -> Report:
    """The report of a record of which no more will be heard."""
    cause = f"; the client's last trouble: {last_trouble}" if last_trouble else ""
    return Report(
        topic,
        -1,
        -1,
        SubmitUnknown(f"no acknowledgement from {topic!r} ({reason}); it may still be there{cause}"),
    )


def refused_at_once(topic: str, error: BufferError | KafkaException) -> SubmitRejected | SubmitFailed:
    """The error of a record that librdkafka did not take from us."""
    if isinstance(error, BufferError):
        return SubmitRejected("librdkafka's own queue is full (queue.buffering.max.kbytes of librdkafka): answer 503")
    reason: KafkaError = error.args[0]
    return SubmitFailed(_refusal(topic, reason, REFUSALS.get(reason.code(), "see librdkafka's log")))


def _refusal(topic: str, error: KafkaError, remedy: str) -> str:
    return f"{topic!r} did not take it: {error.str().removeprefix('Unable to produce message: ')}: {remedy}"
