from pathlib import Path

from tests.cli import stillframe, write_worker
from tests.dead_letters import family_of
from tests.kafka import CreateTopic, Kafka


def test_a_worker_refuses_unsafe_topics(
    kafka: Kafka, topic_name: str, create_topic: CreateTopic, tmp_path: Path
) -> None:
    """`stillframe worker` ends with code 3 before it consumes anything, and says which topic and why."""
    family = family_of(topic_name)
    create_topic(family.dead_letter_topic, 4, {"cleanup.policy": "compact"})
    target = write_worker(tmp_path, family)
    ran = stillframe(
        "worker",
        target,
        cwd=tmp_path,
        STILLFRAME_BOOTSTRAP_SERVERS=kafka.bootstrap_servers,
        STILLFRAME_HEALTH_PORT="0",
    )
    assert ran.code == 3
    assert f"{family.topic}: does not exist" in ran.err
    assert "cleanup.policy is compact" in ran.err
    assert "Traceback" not in ran.err
