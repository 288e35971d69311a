"""After kill -9 every acknowledged task is done elsewhere; only uncommitted ones run twice (I1, I3)."""

from pathlib import Path

from tests.engine.looking import committed
from tests.engine.process import worker_process
from tests.engine.running import make_worker
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

TASKS = 2_000


def test_kill_9_loses_nothing(kafka: Kafka, topic_name: str, tmp_path: Path) -> None:
    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic_name)
    create_family(kafka, make_worker(bootstrap, group_of(topic_name), task_type, lambda work, context: None))
    works = [Work(number=n, key=f"k{n % 40}", kind="0.005") for n in range(TASKS)]
    acknowledged = submit(bootstrap, task_type, works)

    with worker_process(bootstrap, topic_name, tmp_path / "first") as first:
        wait_until(lambda: len(first.lines("end")) > TASKS / 3, timeout=30, describe="a third of the tasks")
        first.kill()
    frontier = committed(bootstrap, group_of(topic_name), topic_name)
    with worker_process(bootstrap, topic_name, tmp_path / "second") as second:
        done_first = {line["task_id"] for line in first.lines("end")}
        wait_until(
            lambda: done_first | {line["task_id"] for line in second.lines("end")} == set(acknowledged),
            timeout=60,
            describe="every task to be done",
        )
        assert second.terminate() == 0

    started_first = {line["task_id"] for line in first.lines("start")}
    twice = [line for line in second.lines("start") if line["task_id"] in started_first]
    assert all(line["offset"] >= frontier[line["partition"]] for line in twice)
    assert min(frontier) >= 0
