"""Brokers that do not answer at the start are waited for; a stop ends the wait at once, with 0."""

import signal
import time
from pathlib import Path

from stillframe.schemas.topics import TopicFamily
from tests.cli import started, write_worker
from tests.waiting import wait_until

NOBODY = {"STILLFRAME_BOOTSTRAP_SERVERS": "127.0.0.1:1", "STILLFRAME_HEALTH_PORT": "0"}
#: What ending two processes takes on a busy machine; the question that is under way may take 15 s.
SLACK = 5.0


def test_a_worker_waits_for_a_broker_until_it_is_told_to_stop(tmp_path: Path) -> None:
    target = write_worker(tmp_path, TopicFamily("emails", "mailer"))
    with started("worker", target, cwd=tmp_path, log=tmp_path / "log", **NOBODY) as process:
        log = tmp_path / "log"
        wait_until(lambda: "waiting up to 30 s for a broker" in log.read_text(), timeout=60, describe="it to wait")
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert time.monotonic() - asked < SLACK
