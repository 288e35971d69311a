"""A task that was running at five node kills in a row, supervisor and all, is no suspect: it is done (I8)."""

from pathlib import Path

from tests.engine.looking import await_commits, read_all
from tests.engine.process import worker_process
from tests.engine.quarantine import APP, STATIC, begin
from tests.engine.work import group_of
from tests.kafka import Kafka
from tests.waiting import wait_until

KILLS = 5


def test_node_kills_condemn_nobody(kafka: Kafka, topic_name: str, tmp_path: Path) -> None:
    story = begin(kafka, topic_name, "3", neighbours=0)
    for number in range(KILLS + 1):
        with worker_process(
            story.bootstrap_servers, topic_name, tmp_path / str(number), app=APP, STILLFRAME_KAFKA=STATIC
        ) as worker:
            wait_until(lambda: worker.lines("start"), timeout=60, describe="the task to start")
            if number < KILLS:
                worker.kill()
                continue
            await_commits(story.bootstrap_servers, group_of(topic_name), topic_name, partitions=1, timeout=60)
            assert worker.terminate() == 0
            assert '"event":"suspect_' not in worker.log.read_text()
    assert not read_all(story.bootstrap_servers, story.dead_letter_topic)
