"""Who leads what in the cluster, and how to change it."""

from confluent_kafka import ElectionType, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported
    AdminClient,
    ClusterMetadata,
    TopicMetadata,
)

from tests.chaos.settings import GROUP
from tests.kafka.readiness import admin_client
from tests.waiting import wait_until

ANSWER_TIMEOUT = 10.0
#: Seconds until somebody has told who leads: a machine that is busy with a run may be slow.
PATIENCE = 60.0
OFFSETS = "__consumer_offsets"


class Leaders:
    """Asks the brokers, of which one may be down."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._admin: AdminClient = admin_client(bootstrap_servers)

    def of(self, node: int) -> int:
        """How many partitions a node leads, internal ones included."""
        topics = self._topics().values()
        return sum(partition.leader == node for topic in topics for partition in topic.partitions.values())

    def coordinator(self, group: str = GROUP) -> int:
        """The node that coordinates a group: it leads the partition of the offsets topic that is the group's.

        Not asked of the group: librdkafka aborts the process when a connection drops under such a question.
        """
        partitions = self._topics()[OFFSETS].partitions
        return int(partitions[_java_hash(group) % len(partitions)].leader)

    def leader(self, topic: str, partition: int) -> int:
        """The node that leads a partition; -1 if none does."""
        return int(self._topics()[topic].partitions[partition].leader)

    def _topics(self) -> dict[str, TopicMetadata]:
        def answer() -> ClusterMetadata | None:
            try:
                return self._admin.list_topics(timeout=ANSWER_TIMEOUT)
            except KafkaException:
                return None

        told = wait_until(answer, timeout=PATIENCE, describe="the brokers to tell who leads")
        return told.topics if told else {}

    def elect(self) -> int:
        """Give every partition back to the node that it prefers; returns how many have moved."""
        try:
            # Its timeouts cannot be given: the binding fails on either keyword (confluent-kafka 2.16).
            result = self._admin.elect_leaders(ElectionType.PREFERRED).result(2 * ANSWER_TIMEOUT)
        except (KafkaException, TimeoutError):  # the controller itself may have moved
            return 0
        return sum(error is None for error in result.values())


def _java_hash(text: str) -> int:
    """The absolute value of Java's hash of a string: so Kafka's coordinators share the groups out."""
    number = 0
    for character in text:
        number = (31 * number + ord(character)) & 0xFFFF_FFFF
    return min(number, 0x1_0000_0000 - number)
