"""Killed with one task stuck and thousands done behind it, a worker repeats what was in flight and no more (I3).

At most what ran, and what had ended since the last commit. For the figure of 200,000:
``STUCK_BEHIND=200000 pytest -s -k "stuck_task and KIP" tests/broker``.
"""

import os
from pathlib import Path

import pytest

from stillframe.consumer import Ordering
from tests.engine.process import WorkerProcess, worker_process
from tests.engine.protocols import as_variable
from tests.engine.running import make_worker
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

BEHIND = int(os.environ.get("STUCK_BEHIND", "4000"))
#: More than that are there, so that the worker is killed at work.
MORE = max(2_000, BEHIND // 8)
THREADS, OUTCOMES = 16, 1_000


@pytest.mark.parametrize("protocol", ["range", "cooperative", "KIP-848"])
def test_a_stuck_task_costs_no_more_than_one_commit_interval(
    kafka: Kafka, topic_name: str, tmp_path: Path, protocol: str
) -> None:
    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic_name)
    declared = make_worker(
        bootstrap, group_of(topic_name), task_type, lambda work, context: None, ordering=Ordering.UNORDERED
    )
    create_family(kafka, declared, 1)
    tasks = submit(
        bootstrap, task_type, (Work(number=n, kind="3600" if n == 0 else "plain") for n in range(BEHIND + MORE))
    )
    options = as_variable(protocol) | {
        "STILLFRAME_PARTITION_SPAN": str(10 * (BEHIND + MORE)),
        "STILLFRAME_THREADS": str(THREADS),
        "STILLFRAME_COMMIT_OUTCOMES": str(OUTCOMES),
        "STILLFRAME_LOG_LEVEL": "error",
    }

    with worker_process(bootstrap, topic_name, tmp_path / "first", **options) as first:
        wait_until(lambda: _lines(first) > 2 * BEHIND, timeout=240, describe=f"{BEHIND} tasks to be done")
        first.kill()
    ended = {line["offset"]: line["at"] for line in first.lines("end")}
    with worker_process(bootstrap, topic_name, tmp_path / "second", **options) as second:
        wait_until(
            lambda: _lines(second) >= 2 * (len(tasks) - len(ended)) - 1, timeout=120, describe="the rest to be done"
        )
        wait_until(
            lambda: ended.keys() | {line["offset"] for line in second.lines("end")} == set(range(1, len(tasks))),
            timeout=120,
            describe="every task but the stuck one to be done",
        )
        second.kill()

    again = [line["offset"] for line in second.lines("start") if line["offset"] in ended]
    last = max(ended.values())
    rate = sum(at > last - 1 for at in ended.values())
    # A commit goes out every so many outcomes or once a second, whichever is first, and the one before must
    # have been answered: what has ended in the meantime is at most what ends in the second before the kill.
    bound = THREADS + max(OUTCOMES, rate)
    print(f"\n{protocol}: {len(ended)} done behind 1; {rate}/s; {len(again)} redelivered, bound {bound}")
    assert len(ended) >= BEHIND
    assert len(again) <= bound


def _lines(worker: WorkerProcess) -> int:
    """How many lines its journal has, without a look into them."""
    return worker.journal.read_bytes().count(b"\n") if worker.journal.exists() else 0
