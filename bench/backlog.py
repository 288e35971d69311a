"""Fills a topic once for each distribution of keys, number of partitions and number of records."""

from dataclasses import dataclass
from functools import cache
from itertools import islice

from bench.keys import DISTRIBUTIONS, KEYS
from bench.tasks import order, task_type
from stillframe.producer import Durability, Producer, ProducerSettings
from tests.kafka import create_topic
from tests.kafka.topics import unique_name

CHUNK = 10_000


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
    """The name of a topic of this shape, its tasks submitted by our own producer."""
    topic = create_topic(bootstrap, unique_name(f"bench-{shape.distribution}-{shape.partitions}"), shape.partitions)
    kinds = [task_type(topic, number) for number in range(shape.types)]
    keys = DISTRIBUTIONS[shape.distribution](shape.keys)
    settings = ProducerSettings(
        bootstrap_servers=bootstrap,
        queue_size=4 * CHUNK,
        queue_timeout=60,
        delivery_timeout=120,
        kafka={"linger.ms": 20, "compression.type": "lz4"},
    )
    with Producer(settings) as producer:
        for number, key in enumerate(islice(keys, shape.records)):
            kind = kinds[number % shape.types]
            producer.submit(kind, order(number, key), durability=Durability.ASYNC)
        if missing := producer.flush(120):
            raise RuntimeError(f"{missing} tasks of the backlog are not acknowledged")
    return topic
