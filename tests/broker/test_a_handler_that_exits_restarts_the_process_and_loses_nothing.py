"""SystemExit from a handler drains its process, and another goes on: its task is done the next time, and no other
task runs twice (I1, I3)."""

from collections import Counter
from pathlib import Path

from tests.engine.process import worker_process
from tests.engine.quarantine import STATIC
from tests.engine.running import make_worker
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until


def test_a_handler_that_exits_restarts_the_process_and_loses_nothing(
    kafka: Kafka, topic_name: str, tmp_path: Path
) -> None:
    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic_name)
    create_family(kafka, make_worker(bootstrap, group_of(topic_name), task_type, lambda work, context: None))
    works = [Work(number=n, key=f"k{n % 20}", kind="exit once" if n == 50 else "plain") for n in range(100)]
    acknowledged = submit(bootstrap, task_type, works)

    with worker_process(bootstrap, topic_name, tmp_path / "worker", STILLFRAME_KAFKA=STATIC) as worker:
        wait_until(
            lambda: {line["task_id"] for line in worker.lines("end")} == set(acknowledged),
            timeout=120,
            describe="every task to be done",
        )
        assert worker.terminate() == 0
    starts = worker.lines("start")
    assert len({line["pid"] for line in starts}) == 2
    counts = Counter(line["task_id"] for line in starts)
    assert counts == {task: 2 if task == acknowledged[50] else 1 for task in acknowledged}
