"""SystemExit from a handler drains and ends the worker with code 1; its task runs again elsewhere (I1)."""

from pathlib import Path

from tests.engine.process import worker_process
from tests.engine.running import make_worker
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until


def test_a_handler_that_exits_ends_the_process_and_loses_nothing(
    kafka: Kafka, topic_name: str, tmp_path: Path
) -> None:
    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic_name)
    create_family(kafka, make_worker(bootstrap, group_of(topic_name), task_type, lambda work, context: None))
    works = [Work(number=n, key=f"k{n % 20}", kind="exit" if n == 50 else "plain") for n in range(100)]
    acknowledged = submit(bootstrap, task_type, works)

    with worker_process(bootstrap, topic_name, tmp_path / "first", APP_MINDS_EXIT="1") as first:
        assert first.process.wait(60) == 1
    done = {line["task_id"] for line in first.lines("end")}
    assert acknowledged[50] not in done

    with worker_process(bootstrap, topic_name, tmp_path / "second") as second:
        wait_until(
            lambda: done | {line["task_id"] for line in second.lines("end")} == set(acknowledged),
            timeout=60,
            describe="every task to be done",
        )
        assert second.terminate() == 0
    assert not done & {line["task_id"] for line in second.lines("start")}
