"""A worker is lost after its killer's second crash; the one that takes over never runs it beside another (I8)."""

import json
from pathlib import Path

from tests.engine.process import worker_process
from tests.engine.quarantine import APP, MOST_STARTS, begin
from tests.kafka import Kafka
from tests.waiting import wait_until


def settings(member: str) -> str:
    return json.dumps({"session.timeout.ms": 6_000, "heartbeat.interval.ms": 500, "group.instance.id": member})


def test_marks_are_known_to_whichever_worker_gets_the_partition(
    kafka: Kafka, topic_name: str, tmp_path: Path
) -> None:
    story = begin(kafka, topic_name, "SIGSEGV", partitions=2)
    bootstrap = story.bootstrap_servers
    with worker_process(bootstrap, topic_name, tmp_path / "a", app=APP, STILLFRAME_KAFKA=settings("a")) as lost:
        wait_until(lambda: '"crashes":2,"alone":0' in lost.log.read_text(), timeout=240, describe="two marks")
        lost.kill()
    with worker_process(bootstrap, topic_name, tmp_path / "b", app=APP, STILLFRAME_KAFKA=settings("b")) as other:
        # The crash that the first had just made may have got no mark.
        story.must_end_well([lost, other], partitions=2, most=MOST_STARTS + 1)
        assert other.terminate() == 0
    assert set(story.company(other)) == {0}
