"""The topics of a scenario's worker."""

from stillframe.consumer import Worker
from tests.kafka import Cluster, Kafka, create_topic

#: A task of maximum size must fit into a retry or dead-letter topic with its cause headers.
HEADROOM = 64 * 1024
TASK_TOPIC_BYTES = 1_048_588


def create_family(
    kafka: Kafka | Cluster,
    worker: Worker,
    partitions: int = 4,
    *,
    task_topic: bool = True,
    largest: int = TASK_TOPIC_BYTES,
) -> None:
    """Create every topic of a worker, safe by its own standards."""
    for family in worker.families():
        if task_topic:
            create_topic(kafka.bootstrap_servers, family.topic, partitions, {"max.message.bytes": largest})
        for name in family.names[1:]:
            config = {"max.message.bytes": largest + HEADROOM, "retention.ms": 30 * 86_400_000}
            create_topic(kafka.bootstrap_servers, name, partitions, config)
