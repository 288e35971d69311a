"""SIGSTOP beyond `hang_after` and the session is neither a hang nor a crash: it goes on, and nobody is marked."""

import os
import signal
import time
from pathlib import Path

from tests.engine.looking import await_commits, read_all
from tests.engine.process import worker_process
from tests.engine.quarantine import APP, begin
from tests.engine.work import group_of
from tests.kafka import Kafka
from tests.waiting import wait_until

#: Longer than the session of 6 s and than twice `hang_after`.
FROZEN = 8.0


def test_a_frozen_worker_suspects_nobody(kafka: Kafka, topic_name: str, tmp_path: Path) -> None:
    story = begin(kafka, topic_name, "1.1", neighbour="1", neighbours=20)
    with worker_process(
        story.bootstrap_servers, topic_name, tmp_path / "worker", app=APP, STILLFRAME_HANG_AFTER="3"
    ) as worker:
        wait_until(lambda: worker.lines("start"), timeout=60, describe="a task to start")
        (child,) = worker.children()
        os.kill(child, signal.SIGSTOP)
        thaw = time.monotonic() + FROZEN
        wait_until(lambda: time.monotonic() >= thaw, timeout=2 * FROZEN, describe="the session to be over")
        os.kill(child, signal.SIGCONT)
        await_commits(story.bootstrap_servers, group_of(topic_name), topic_name, partitions=1, timeout=90)
        assert worker.children() == [child]
        assert worker.terminate() == 0
    log = worker.log.read_text()
    assert '"event":"partitions_lost"' in log
    assert '"event":"suspect_' not in log
    assert not read_all(story.bootstrap_servers, story.dead_letter_topic)
