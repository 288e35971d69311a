"""What is in Kafka: the lag during a run, and everything that lies there afterwards."""

from collections.abc import Iterator

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # re-exported

from stillframe.schemas import Record, decode
from stillframe.schemas.headers import read_delivery_state
from stillframe.schemas.topics import Tier, TopicFamily
from tests.chaos.journal import Row
from tests.chaos.settings import GROUP, TOPIC
from tests.chaos.work import TIERS
from tests.engine.looking import read_all

FAMILY = TopicFamily(TOPIC, GROUP, tuple(Tier.parse(name) for name in TIERS))
ROLES = {TOPIC: "task", FAMILY.dead_letter_topic: "dead", **dict.fromkeys(FAMILY.retry_topics, "retry")}
CONSUMED = [topic for topic, role in ROLES.items() if role != "dead"]
ANSWER_TIMEOUT = 10.0
READ_TIMEOUT = 600.0
LATEST = OffsetSpec.latest()  # type: ignore[no-untyped-call]


class Lag:
    """How many records the group has not committed, over all topics that workers read.

    A consumer that does not subscribe asks for the commits: librdkafka aborts a process whose admin client
    asks a coordinator when the connection drops.

    Attributes:
        trouble: why the brokers could not tell it the last time; empty if they could.
    """

    def __init__(self, bootstrap_servers: str, partitions: int) -> None:
        """Two clients for the whole run."""
        self.trouble = ""
        servers: dict[str, str | int | float | bool] = {"bootstrap.servers": bootstrap_servers, "log_level": 0}
        self._admin = AdminClient(servers)
        self._group = Consumer(servers | {"group.id": GROUP, "enable.auto.commit": False})
        self._places = [TopicPartition(topic, number) for topic in CONSUMED for number in range(partitions)]

    def __call__(self) -> int | None:
        """Ask the brokers; none if they cannot tell now, as while a leader or the coordinator moves."""
        try:
            found, self.trouble = self._lag(), ""
        except KafkaException as error:
            self.trouble = str(error)
            return None
        return found

    def close(self) -> None:
        """Close what can be closed."""
        self._group.close()

    def _lag(self) -> int:
        committed = {
            (place.topic, place.partition): max(0, place.offset)
            for place in self._group.committed(self._places, timeout=ANSWER_TIMEOUT)
            if place.error is None
        }
        ends = self._admin.list_offsets(dict.fromkeys(self._places, LATEST))
        return sum(
            end.result(ANSWER_TIMEOUT).offset - committed.get((place.topic, place.partition), 0)
            for place, end in ends.items()
        )


def contents(bootstrap_servers: str) -> Iterator[Row]:
    """Every record of every topic, as a row each."""
    for topic, role in ROLES.items():
        for record in read_all(bootstrap_servers, topic, timeout=READ_TIMEOUT):
            yield _row(record, role)


def _row(record: Record, role: str) -> Row:
    state = read_delivery_state(record)
    return {
        "kind": "record",
        "role": role,
        "where": (record.topic, record.partition, record.offset),
        "task": str(decode(record).id),
        "attempt": state.attempt,
        "not_before": state.not_before or 0,
    }
