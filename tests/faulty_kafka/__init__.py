"""A Kafka that fails on command: librdkafka's own mock cluster, for ordinary clients in any process.

    with FaultyKafka() as kafka:
        kafka.fail(PRODUCE, KafkaError.MSG_SIZE_TOO_LARGE)      # the next produce request is refused
        kafka.slow_down(milliseconds=500)                       # every answer is late
        kafka.go_down()                                         # connections break, new ones are refused

It is for what a real broker cannot be asked to do. librdkafka calls the interface experimental
(rdkafka_mock.h), so each call used here is one line, and promises are also tested on a real broker: this
one does not check the sequence numbers of idempotent producers.
"""

import ctypes
from pathlib import Path
from types import TracebackType
from typing import Self

import confluent_kafka

#: Kafka protocol request types (https://kafka.apache.org/protocol#protocol_api_keys).
PRODUCE, FETCH, METADATA, OFFSET_COMMIT, INIT_PRODUCER_ID = 0, 1, 3, 8, 22
ALL_BROKERS = -1


def _library() -> ctypes.CDLL:
    """The librdkafka that confluent-kafka's wheel brought, already loaded: never a second copy of it."""
    package = Path(confluent_kafka.__file__).parent
    folders = (package.parent / "confluent_kafka.libs", package / ".dylibs")
    found = [path for folder in folders for path in folder.glob("librdkafka*")]
    library = ctypes.CDLL(str(found[0]))
    library.rd_kafka_conf_new.restype = library.rd_kafka_new.restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_new.restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    return library


class FaultyKafka:
    """A cluster of ``brokers`` in this process; topics come into being, with 4 partitions, when asked for."""

    def __init__(self, brokers: int = 1) -> None:
        self._library = _library()
        self._brokers = brokers
        self._owner = self._cluster = ctypes.c_void_p()

    def __enter__(self) -> Self:
        error = ctypes.create_string_buffer(256)
        silent = ctypes.c_void_p(self._library.rd_kafka_conf_new())
        self._library.rd_kafka_conf_set(silent, b"log_level", b"0", None, ctypes.c_size_t(0))
        owner = self._library.rd_kafka_new(0, silent, error, ctypes.c_size_t(len(error)))
        if not owner:
            raise OSError(error.value.decode())
        self._owner = ctypes.c_void_p(owner)
        self._cluster = ctypes.c_void_p(self._library.rd_kafka_mock_cluster_new(self._owner, self._brokers))
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._owner)

    @property
    def bootstrap_servers(self) -> str:
        """The addresses of all brokers."""
        servers: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return servers.decode()

    def create_topic(self, name: str, partitions: int = 1) -> None:
        """Make a topic, as the admin protocol cannot here."""
        self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)

    def fail(self, request: int, *errors: int) -> None:
        """Answer the coming requests of that type with these error codes, one each."""
        codes = (ctypes.c_int * len(errors))(*errors)
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, ctypes.c_int16(request), ctypes.c_size_t(len(errors)), codes
        )

    def move_leader(self, topic: str, partition: int, broker: int) -> None:
        """Let another broker lead a partition from now on; brokers count from 1."""
        self._library.rd_kafka_mock_partition_set_leader(self._cluster, topic.encode(), partition, broker)

    def move_coordinator(self, group: str, broker: int) -> None:
        """Let another broker coordinate a group from now on."""
        self._library.rd_kafka_mock_coordinator_set(self._cluster, b"group", group.encode(), broker)

    def slow_down(self, *, milliseconds: int) -> None:
        """Delay every answer from now on."""
        self._library.rd_kafka_mock_broker_set_rtt(self._cluster, ALL_BROKERS, milliseconds)

    def go_down(self) -> None:
        """Break every connection and refuse new ones."""
        self._library.rd_kafka_mock_broker_set_down(self._cluster, ALL_BROKERS)

    def come_up(self) -> None:
        """Accept connections again."""
        self._library.rd_kafka_mock_broker_set_up(self._cluster, ALL_BROKERS)
