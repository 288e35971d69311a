"""Fills a topic once for each distribution of keys, number of partitions and number of records.

The bytes are those that our producer sends, and the partitions those that it chooses; they are handed to the bare
client, since what is measured is how they are consumed, and a million of them are to be there in a minute.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Any, Final

from confluent_kafka import Producer

from bench.keys import DISTRIBUTIONS, KEYS
from bench.tasks import order, task_type
from stillframe.schemas import Task, encode, uuid7
from tests.kafka import create_topic
from tests.kafka.topics import unique_name

#: So many are handed over before the client is asked to get rid of some.
CHUNK: Final = 10_000
PROPERTIES: Final = {
    "enable.idempotence": True,
    "partitioner": "murmur2_random",
    "linger.ms": 20,
    "compression.type": "lz4",
    "queue.buffering.max.messages": 4 * CHUNK,
}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What lies in a topic.

    Attributes:
        distribution: how often each of the keys is used; see :mod:`bench.keys`.
        types: task types, which take turns.
    """

    distribution: str = "uniform"
    keys: int = KEYS
    partitions: int = 8
    types: int = 1
    records: int


@cache
def backlog(bootstrap: str, shape: Shape) -> str:
    """The name of a topic of this shape, filled."""
    topic = create_topic(bootstrap, unique_name(f"bench-{shape.distribution}-{shape.partitions}"), shape.partitions)
    kinds = [task_type(topic, number) for number in range(shape.types)]
    keys = DISTRIBUTIONS[shape.distribution](shape.keys)
    producer = Producer({"bootstrap.servers": bootstrap, **PROPERTIES})
    refused: list[Any] = []
    for number, key in enumerate(islice(keys, shape.records)):
        payload, kind = order(number, key), kinds[number % shape.types]
        wire = encode(Task(uuid7(), kind.name, payload, datetime.now(UTC), key=payload.customer.encode()))
        producer.produce(
            topic,
            wire.value,
            wire.key,
            headers=list(wire.headers),
            on_delivery=lambda error, _: refused.append(error) if error is not None else None,
        )
        if number % CHUNK == 0:
            producer.flush(60)
    if missing := producer.flush(120) or len(refused):
        raise RuntimeError(f"{missing} tasks of the backlog are not acknowledged")
    return topic
