"""Behind servers of several processes, with the producer made before they fork, each of 1,000 requests becomes one
task; and a server that is told to stop under load loses none that it has acknowledged."""

from collections import Counter
from pathlib import Path

import pytest

from tests.engine.looking import read_all
from tests.kafka import CreateTopic, Kafka
from tests.producing import task_ids
from tests.waiting import wait_until
from tests.web.crowd import ask_until, asking
from tests.web.servers import SERVERS, running

REQUESTS = 1_000


@pytest.mark.parametrize("name", SERVERS)
def test_web_servers_submit_each_task_once(
    kafka: Kafka, create_topic: CreateTopic, topic_name: str, tmp_path: Path, name: str
) -> None:
    create_topic(topic_name)
    environment = {"STILLFRAME_BOOTSTRAP_SERVERS": kafka.bootstrap_servers, "TOPIC": topic_name}
    with running(name, tmp_path, **environment) as server:
        first = ask_until(server.address, answered_by=2)
        with asking(server.address, REQUESTS) as crowd:
            pass
        assert (len(crowd.accepted), crowd.refused, crowd.broken) == (REQUESTS, [], []), server.log.read_text()
        assert len(crowd.processes) == 2
        assert server.process.pid not in crowd.processes

        with asking(server.address) as more:
            wait_until(lambda: len(more.accepted) > 200, timeout=60, describe="the server to be under load")
            assert server.terminate() == 0, server.log.read_text()

    acknowledged = first.accepted + crowd.accepted + more.accepted
    found = Counter(task_ids(read_all(kafka.bootstrap_servers, topic_name)))
    assert found.keys() >= set(acknowledged)
    assert set(found.values()) == {1}
    unanswered = (
        len(first.broken) + len(more.broken) + len(more.refused)
    )  # on their way when the server closed the connection
    assert found.total() - len(acknowledged) <= unanswered
