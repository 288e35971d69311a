"""What is in Kafka: the lag during a run, and everything that lies there afterwards."""

from collections.abc import Iterator

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # re-exported

from stillframe.schemas import Record, decode
from stillframe.schemas.headers import read_delivery_state
from stillframe.schemas.topics import Tier, TopicFamily
from tests.chaos.journal import Row
from tests.chaos.settings import GROUP, PARTITIONS, TOPIC
from tests.chaos.work import TIERS
from tests.engine.looking import read_all

FAMILY = TopicFamily(TOPIC, GROUP, tuple(Tier.parse(name) for name in TIERS))
ROLES = {TOPIC: "task", FAMILY.dead_letter_topic: "dead", **dict.fromkeys(FAMILY.retry_topics, "retry")}
CONSUMED = [topic for topic, role in ROLES.items() if role != "dead"]
ANSWER_TIMEOUT = 10.0
LATEST = OffsetSpec.latest()  # type: ignore[no-untyped-call]


class Lag:
    """How many records the group has not committed, over all topics that workers read."""

    def __init__(self, bootstrap_servers: str) -> None:
        """One client for the whole run."""
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers})
        self._places = [TopicPartition(topic, number) for topic in CONSUMED for number in range(PARTITIONS)]

    def __call__(self) -> int:
        """Ask the broker."""
        asked = ConsumerGroupTopicPartitions(GROUP, self._places)
        answer = self._admin.list_consumer_group_offsets([asked])[GROUP].result(ANSWER_TIMEOUT)
        committed = {(p.topic, p.partition): max(0, p.offset) for p in answer.topic_partitions or ()}
        ends = self._admin.list_offsets(dict.fromkeys(self._places, LATEST))
        return sum(
            end.result(ANSWER_TIMEOUT).offset - committed.get((place.topic, place.partition), 0)
            for place, end in ends.items()
        )


def contents(bootstrap_servers: str) -> Iterator[Row]:
    """Every record of every topic, as a row each."""
    for topic, role in ROLES.items():
        for record in read_all(bootstrap_servers, topic):
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
