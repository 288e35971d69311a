"""STRICT retries keep their place, attempt and due time when a partition moves, and when its worker dies (I4, I5)."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.engine.looking import await_commits, committed_metadata
from tests.engine.process import worker_process
from tests.engine.protocols import as_variable
from tests.engine.running import make_worker
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

KEYS, FOLLOWERS, PARTITIONS = 8, 3, 3
#: Seconds until the retry: longer than a stop, a rebalance, and the end of a killed worker's session.
DELAY = 15.0


@pytest.mark.parametrize("protocol", ["cooperative", "KIP-848"])
def test_strict_order_outlives_a_rebalance_and_a_kill(
    kafka: Kafka, topic_name: str, tmp_path: Path, protocol: str
) -> None:
    """Three workers; while every key's first task waits, one is stopped and one is killed: the third goes on."""
    bootstrap, group, task_type = kafka.bootstrap_servers, group_of(topic_name), work_type(topic_name)
    create_family(kafka, make_worker(bootstrap, group, task_type, lambda work, context: None), PARTITIONS)
    works = [Work(number=0, key=f"k{key}", kind="fails once") for key in range(KEYS)]
    works += [Work(number=number, key=f"k{key}") for number in range(1, FOLLOWERS + 1) for key in range(KEYS)]
    options = as_variable(protocol) | {
        "APP_RETRY_ORDER": "strict",
        "APP_DELAY": str(DELAY),
        "STILLFRAME_MEMORY_WAIT": "1",  # a strict retry waits in memory all the same
    }

    def committed_waits() -> int:
        return sum(len(each.waits) for each in committed_metadata(bootstrap, group, topic_name, PARTITIONS))

    with ExitStack() as stack:
        stopped, killed, third = (
            stack.enter_context(worker_process(bootstrap, topic_name, tmp_path / name, **options))
            for name in ("stopped", "killed", "third")
        )
        for each in (stopped, killed, third):
            each.await_assignment()
        submitted = submit(bootstrap, task_type, works)
        wait_until(lambda: committed_waits() == KEYS, timeout=30, describe="every wait to be committed")
        assert stopped.terminate() == 0
        assert committed_waits() == KEYS
        killed.kill()
        await_commits(bootstrap, group, topic_name, PARTITIONS, timeout=60)
        assert third.terminate() == 0

    heads, key_of = submitted[:KEYS], {task: n % KEYS for n, task in enumerate(submitted)}
    everywhere = [line for each in (stopped, killed, third) for line in each.lines("start")]
    starts = sorted(everywhere, key=lambda line: line["at"])
    assert sorted(_what(starts)) == sorted(
        [*((head, attempt) for head in heads for attempt in (1, 2)), *((task, 1) for task in submitted[KEYS:])]
    )
    failed_at = {line["task_id"]: line["at"] for line in starts if line["attempt"] == 1}
    retried_at = {line["task_id"]: line["at"] for line in third.lines("start") if line["attempt"] == 2}
    assert retried_at.keys() == set(heads)
    assert all(DELAY <= retried_at[head] - failed_at[head] < DELAY + 6 for head in heads)
    for key in range(KEYS):
        lane = [line["offset"] for line in starts if key_of[line["task_id"]] == key]
        assert lane == sorted(lane)


def _what(lines: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(line["task_id"], line["attempt"]) for line in lines]
