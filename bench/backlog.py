"""Fills a topic once for each distribution of keys, number of partitions and number of records."""

from functools import cache
from itertools import islice

from bench.keys import DISTRIBUTIONS
from bench.tasks import order, task_type
from stillframe.producer import Durability, Producer, ProducerSettings
from tests.kafka import create_topic
from tests.kafka.topics import unique_name

CHUNK = 10_000


@cache
def backlog(bootstrap: str, distribution: str, partitions: int, records: int) -> str:
    """The name of a topic with so many tasks, submitted by our own producer."""
    topic = create_topic(bootstrap, unique_name(f"bench-{distribution}-{partitions}"), partitions)
    kind, keys = task_type(topic), DISTRIBUTIONS[distribution]()
    settings = ProducerSettings(
        bootstrap_servers=bootstrap,
        queue_size=4 * CHUNK,
        queue_timeout=60,
        delivery_timeout=120,
        kafka={"linger.ms": 20, "compression.type": "lz4"},
    )
    with Producer(settings) as producer:
        for begin in range(0, records, CHUNK):
            count = min(CHUNK, records - begin)
            orders = [order(number, key) for number, key in enumerate(islice(keys, count), begin)]
            producer.submit_many(kind, orders, durability=Durability.ASYNC)
        if missing := producer.flush(120):
            raise RuntimeError(f"{missing} tasks of the backlog are not acknowledged")
    return topic
