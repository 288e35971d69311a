"""SIGTERM lets running tasks end, commits them, leaves the group and exits 0; nothing runs twice (I3)."""

from collections import Counter
from pathlib import Path

from tests.engine.process import worker_process
from tests.engine.running import make_worker
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

TASKS = 400


def test_sigterm_finishes_what_runs_and_duplicates_nothing(kafka: Kafka, topic_name: str, tmp_path: Path) -> None:
    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic_name)
    create_family(kafka, make_worker(bootstrap, group_of(topic_name), task_type, lambda work, context: None))
    works = [Work(number=n, key=f"k{n % 40}", kind="0.1") for n in range(TASKS)]
    acknowledged = submit(bootstrap, task_type, works)

    with worker_process(bootstrap, topic_name, tmp_path / "first") as first:
        wait_until(lambda: len(first.lines("end")) > TASKS / 4, timeout=30, describe="a quarter of the tasks")
        assert first.terminate() == 0
    assert len(first.lines("start")) == len(first.lines("end"))  # what ran came to its end

    with worker_process(bootstrap, topic_name, tmp_path / "second") as second:
        done_first = {line["task_id"] for line in first.lines("end")}
        wait_until(
            lambda: done_first | {line["task_id"] for line in second.lines("end")} == set(acknowledged),
            timeout=60,
            describe="every task to be done",
        )
        assert second.terminate() == 0

    starts = Counter(line["task_id"] for line in (*first.lines("start"), *second.lines("start")))
    assert set(starts.values()) == {1}
