import pytest

from stillframe.consumer.operate.cluster import Cluster, places
from stillframe.consumer.operate.scan import Range, scan
from stillframe.consumer.settings import WorkerSettings
from tests.cli import stillframe
from tests.dead_letters import copies, create_family, dead_letter, family_of, write
from tests.kafka import Kafka

RATE, SECONDS = 500, 10


def test_a_redrive_keeps_its_rate(kafka: Kafka, topic_name: str) -> None:
    """Within two percent of --rate, by the times that the records were written at."""
    family = family_of(topic_name)
    create_family(kafka.bootstrap_servers, family, partitions=2)
    write(kafka.bootstrap_servers, copies(dead_letter(family), RATE * SECONDS, partitions=2))
    ran = stillframe(
        "dlq", "redrive", "--all", "--yes", "--rate", str(RATE), "-g", family.group,
        STILLFRAME_BOOTSTRAP_SERVERS=kafka.bootstrap_servers,
    )  # fmt: skip
    assert ran.code == 0, ran.err

    cluster = Cluster(WorkerSettings(bootstrap_servers=kafka.bootstrap_servers))
    where = places(family.retry_topic(family.tiers[0]), cluster.topics())
    ends = cluster.ends(where)
    times = sorted(at for _, at in scan(cluster.settings, [Range(*place, 0, ends[place]) for place in where]))
    assert len(times) == RATE * SECONDS
    assert (len(times) - 1) / (times[-1] - times[0]) * 1_000 == pytest.approx(RATE, rel=0.02)
