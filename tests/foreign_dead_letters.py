"""The headers of dead letters as other systems write them, byte for byte. All died of a task with a secret in it."""

import struct

from stillframe.schemas.record import RecordHeaders
from tests.dead_letters import NOON

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
