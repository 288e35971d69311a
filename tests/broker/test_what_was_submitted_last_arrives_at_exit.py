"""A process ends right after ASYNC submissions, without closing its producer: the tasks arrive, however it ends."""

import subprocess
import sys

import pytest

from tests.engine.looking import read_all
from tests.kafka import CreateTopic, Kafka
from tests.producing import Email, email_type, settings_for

TASKS, CLOSE_TIMEOUT = 200, 2.0
COMMAND = [sys.executable, "-m", "tests.broker.test_what_was_submitted_last_arrives_at_exit"]


@pytest.mark.parametrize(("end", "code"), [("return", 0), ("sys.exit", 3), ("raise", 1)])
def test_what_was_submitted_last_arrives_at_exit(
    kafka: Kafka, create_topic: CreateTopic, topic_name: str, end: str, code: int
) -> None:
    create_topic(topic_name)
    done = subprocess.run([*COMMAND, kafka.bootstrap_servers, topic_name, end], check=False, timeout=60)
    assert done.returncode == code
    assert len(read_all(kafka.bootstrap_servers, topic_name)) == TASKS


def main(bootstrap_servers: str, topic: str, end: str) -> None:
    """Submit, and end in one of three ways."""
    from stillframe.producer import Durability, Producer

    producer = Producer(settings_for(bootstrap_servers, close_timeout=CLOSE_TIMEOUT, delivery_timeout=60))
    for _ in range(TASKS):
        producer.submit(email_type(topic), Email(), durability=Durability.ASYNC)
    if end == "sys.exit":
        sys.exit(3)
    if end == "raise":
        raise RuntimeError("the application failed")


if __name__ == "__main__":
    main(*sys.argv[1:])
