"""A real Apache Kafka for the tests, in seconds and without installing one.

with Cluster() as kafka: ...            a private broker: kill() it, restart() it
with Cluster(nodes=3) as kafka: ...     three of them, replicating to each other
with shared_kafka() as kafka: ...       whichever broker there is: given, Docker's, or our own
"""

from tests.kafka.choice import private_cluster, shared_kafka
from tests.kafka.cluster import Cluster
from tests.kafka.errors import NoKafka
from tests.kafka.kafka import Kafka
from tests.kafka.skip import or_skip
from tests.kafka.topics import CreateTopic, create_topic

__all__ = [
    "Cluster",
    "CreateTopic",
    "Kafka",
    "NoKafka",
    "create_topic",
    "or_skip",
    "private_cluster",
    "shared_kafka",
]
