"""Dead letters as a worker would write them, without a worker."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Producer
from pydantic import BaseModel

from stillframe.consumer.operate.cluster import Cluster, places
from stillframe.consumer.operate.scan import Range, scan
from stillframe.consumer.operate.topic_rules import Choices
from stillframe.consumer.operate.topics import apply
from stillframe.consumer.settings import WorkerSettings
from stillframe.schemas import Record, Snapshot, Task, encode, uuid7
from stillframe.schemas.headers import CE_ID, ORIGIN_OFFSET, DeliveryState, Origin, with_delivery_state
from stillframe.schemas.topics import TopicFamily

MOST_UNDER_WAY = 50_000
SECRET = "canary-4711"
#: Milliseconds: 2026-01-02T12:00:00Z.
NOON = 1_767_355_200_000


class Email(BaseModel):
    to: str


def family_of(topic_name: str) -> TopicFamily:
    """A family in a group that nobody else on the broker has: operators' commands find topics by group."""
    return TopicFamily(topic_name, f"g{topic_name[-6:]}")


def dead_letter(family: TopicFamily, partition: int = 0, origin: int = 0, **parts: Any) -> Record:
    """A dead letter that came from an offset of the task topic; ``parts`` are its delivery state's.

    ``type`` and ``key`` are the task's.
    """
    type_, key = parts.pop("type", "send_email"), parts.pop("key", SECRET.encode())
    moment = datetime.fromtimestamp(NOON / 1000, UTC)
    snapshot = Snapshot(method="POST", path=f"/{SECRET}", received_at=moment, route="/emails")
    task = Task(uuid7(), type_, Email(to=SECRET), moment, key=key, snapshot=snapshot)
    encoded = encode(task)
    cause: dict[str, Any] = {"attempt": 3, "first_failed_at": NOON, "error_type": "smtplib.SMTPDataError"}
    state = DeliveryState(origin=Origin(family.topic, partition, origin), **(cause | parts))
    headers = with_delivery_state((*encoded.headers, ("x-own", b"kept")), state)
    return Record(family.dead_letter_topic, encoded.key, encoded.value, headers, partition)


def copies(letter: Record, count: int, partitions: int) -> list[Record]:
    """Many like one, each with an id and an origin of its own, spread evenly. Only their headers tell them apart."""
    own = tuple(header for header in letter.headers if header[0] not in {CE_ID, ORIGIN_OFFSET})
    return [
        replace(
            letter,
            headers=((CE_ID, str(uuid7()).encode()), *own, (ORIGIN_OFFSET, str(number).encode())),
            partition=number % partitions,
        )
        for number in range(count)
    ]


def write(bootstrap_servers: str, records: Iterable[Record]) -> None:
    """Write records where they say, each acknowledged."""
    producer = Producer({"bootstrap.servers": bootstrap_servers, "message.max.bytes": 2_000_000})
    failed: list[object] = []
    for record in records:
        producer.produce(
            record.topic,
            record.value,
            record.key,
            record.partition,
            headers=list(record.headers),
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
        while len(producer) >= MOST_UNDER_WAY:
            producer.poll(0.1)
    assert producer.flush(20) == 0
    assert not failed


def create_family(bootstrap_servers: str, family: TopicFamily, **choices: Any) -> None:
    """Create a family's topics as `stillframe topics apply` does."""
    cluster = Cluster(WorkerSettings(bootstrap_servers=bootstrap_servers))
    assert not apply(cluster, [family], Choices(**choices)).shortfalls


def times_of(bootstrap_servers: str, topic: str) -> list[int]:
    """When the records of a topic were written, in rising order, in epoch milliseconds."""
    cluster = Cluster(WorkerSettings(bootstrap_servers=bootstrap_servers))
    where = places(topic, cluster.topics())
    ends = cluster.ends(where)
    return sorted(at for _, at in scan(cluster.settings, [Range(*place, 0, ends[place]) for place in where]))


def task_id(record: Record) -> str:
    return (record.header("ce_id") or b"").decode()
