"""While the broker says nothing (SIGSTOP), every request ends by its deadline with 503, and says why; afterwards
nothing that was acknowledged is missing."""

import os
import signal
from pathlib import Path

import pytest

from tests.engine.looking import read_all
from tests.kafka import Cluster, create_topic
from tests.producing import task_ids
from tests.waiting import wait_until
from tests.web.crowd import CLIENTS, asking
from tests.web.servers import SERVERS, running

DEADLINE = 0.5 + 2.0
#: A process takes the next request when it has answered this one, so the crowd waits for each other's deadlines.
ONE_AT_A_TIME = "gunicorn"


@pytest.mark.parametrize("name", [name for name in SERVERS if name != ONE_AT_A_TIME])
def test_a_stopped_broker_makes_web_servers_answer_503(
    own_kafka: Cluster, topic_name: str, tmp_path: Path, name: str
) -> None:
    create_topic(own_kafka.bootstrap_servers, topic_name)
    environment = {
        "STILLFRAME_BOOTSTRAP_SERVERS": own_kafka.bootstrap_servers,
        "STILLFRAME_QUEUE_TIMEOUT": "0.5",
        "STILLFRAME_DELIVERY_TIMEOUT": "2",
        "TOPIC": topic_name,
    }
    with running(name, tmp_path, **environment) as server, asking(server.address) as crowd:
        wait_until(lambda: len(crowd.accepted) > 200, timeout=60, describe="tasks to be accepted")
        before = len(crowd.refused)
        for pid in own_kafka.pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            enough = 2 * CLIENTS
            wait_until(
                lambda: len(crowd.refused) - before >= enough, timeout=60, describe="each client to be refused"
            )
        finally:
            for pid in own_kafka.pids:
                os.kill(pid, signal.SIGCONT)
        after = len(crowd.accepted)
        wait_until(lambda: len(crowd.accepted) > after + 100, timeout=60, describe="tasks to be accepted again")

    assert crowd.broken == [], server.log.read_text()
    assert {(status, kind) for status, kind, _ in crowd.refused} == {(503, "application/problem+json")}
    assert all("accepted" in problem["detail"] for _, _, problem in crowd.refused)
    assert crowd.slowest < DEADLINE + 1.5
    assert set(task_ids(read_all(own_kafka.bootstrap_servers, topic_name))) >= set(crowd.accepted)
