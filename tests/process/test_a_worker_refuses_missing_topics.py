from pathlib import Path

from stillframe.consumer.operate.broker import EmbeddedBroker
from stillframe.schemas.topics import TopicFamily
from tests.cli import stillframe, write_worker

FAMILY = TopicFamily("emails", "mailer")


def test_a_worker_refuses_missing_topics(tmp_path: Path) -> None:
    """`stillframe worker` names every topic that is missing, with the command that makes them."""
    target = write_worker(tmp_path, FAMILY)
    with EmbeddedBroker() as broker:
        ran = stillframe(
            "worker",
            target,
            cwd=tmp_path,
            STILLFRAME_BOOTSTRAP_SERVERS=broker.bootstrap_servers,
            STILLFRAME_HEALTH_PORT="0",
        )
    for name in FAMILY.names:
        assert f"{name}: does not exist: run `stillframe topics apply M:W`" in ran.err
    assert "Traceback" not in ran.err
    assert ran.code == 3
