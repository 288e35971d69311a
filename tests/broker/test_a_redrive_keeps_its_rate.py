import pytest

from tests.cli import stillframe
from tests.dead_letters import copies, create_family, dead_letter, family_of, times_of, write
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

    times = times_of(kafka.bootstrap_servers, family.retry_topic(family.tiers[0]))
    assert len(times) == RATE * SECONDS
    assert (len(times) - 1) / (times[-1] - times[0]) * 1_000 == pytest.approx(RATE, rel=0.02)
