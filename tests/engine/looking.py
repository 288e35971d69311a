"""Look at a topic or a group from outside, as an operator's tool would."""

from confluent_kafka import Consumer, KafkaException, TopicPartition

from stillframe.consumer.intake.receive import as_record
from stillframe.consumer.progress.metadata import Known, decode
from stillframe.schemas import Record
from tests.waiting import wait_until


def read_all(bootstrap_servers: str, topic: str, timeout: float = 20) -> list[Record]:
    """Every record that is in a topic now."""
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "looking", "enable.auto.commit": False})
    try:
        numbers = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        ends = {n: consumer.get_watermark_offsets(TopicPartition(topic, n), timeout=10) for n in numbers}
        consumer.assign([TopicPartition(topic, n, low) for n, (low, high) in ends.items() if high > low])
        wanted = sum(high - low for low, high in ends.values())
        found: list[Record] = []

        def read() -> bool:
            found.extend(as_record(message) for message in consumer.consume(500, 0.2) if message.error() is None)
            return len(found) >= wanted

        wait_until(read, timeout=timeout, describe=f"{wanted} records of {topic}")
        return found
    finally:
        consumer.close()


def task_id(record: Record) -> str:
    """The task's id, by the CloudEvents header."""
    return (record.header("ce_id") or b"").decode()


def committed(bootstrap_servers: str, group: str, topic: str, partitions: int = 4) -> list[int]:
    """A group's committed offsets of a topic, by partition; -1001 where there is none.

    Not asked of an admin client: where the coordinator has just moved, or its broker was silent, librdkafka
    kills the process (a null pointer on NOT_COORDINATOR: its issue 5040).
    """
    outsider = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": group})
    try:
        answer = outsider.committed([TopicPartition(topic, n) for n in range(partitions)], timeout=10)
        return [position.offset for position in answer]
    finally:
        outsider.close()


def committed_metadata(bootstrap_servers: str, group: str, topic: str, partitions: int = 4) -> list[Known]:
    """What a group's commits tell of the offsets above them, by partition."""
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": group})
    try:
        positions = consumer.committed([TopicPartition(topic, n) for n in range(partitions)], timeout=10)
        return [decode(each.offset, each.metadata) for each in positions]
    finally:
        consumer.close()


def log_ends(bootstrap_servers: str, topic: str, partitions: int = 4) -> list[int]:
    """The end offset of each partition."""
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "looking"})
    try:
        return [consumer.get_watermark_offsets(TopicPartition(topic, n), timeout=10)[1] for n in range(partitions)]
    finally:
        consumer.close()


def await_commits(bootstrap_servers: str, group: str, topic: str, partitions: int = 4, timeout: float = 30) -> None:
    """Wait until a group has committed a topic up to its end; a broker may be on its way back meanwhile."""

    def all_committed() -> bool:
        try:
            done = committed(bootstrap_servers, group, topic, partitions)
            return done == log_ends(bootstrap_servers, topic, partitions)
        except KafkaException:
            return False

    wait_until(all_committed, timeout=timeout, describe=f"group {group} to have committed the end of {topic}")
