"""However large tasks are, a worker holds what its limits say and one small batch more."""

import threading
from typing import Any

import pytest

from stillframe.consumer import TaskContext
from stillframe.consumer.events import Event, Turned
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

MEGABYTE = 2**20
PARTITIONS = 4


@pytest.mark.parametrize(
    ("size", "count", "limits", "most_bytes", "most_records"),
    [
        pytest.param(900_000, 60, {"total_bytes": 16 * MEGABYTE}, 20 * MEGABYTE, 60, id="megabytes"),
        pytest.param(1, 1_000, {"partition_records": 20}, MEGABYTE, PARTITIONS * (20 + 20), id="few records"),
    ],
)
def test_large_tasks_stay_within_the_limits(
    kafka: Kafka,
    topic_name: str,
    size: int,
    count: int,
    limits: dict[str, Any],
    most_bytes: int,
    most_records: int,
) -> None:
    go_on = threading.Event()
    held: list[tuple[int, int]] = []

    def note(event: Event) -> None:
        if isinstance(event, Turned):
            ledgers = [each.ledger for each in event.partitions]
            held.append((sum(each.bytes for each in ledgers), sum(each.unfinished for each in ledgers)))

    def handle(work: Work, _context: TaskContext) -> None:
        done.append(work.number)
        go_on.wait(60)

    done: list[int] = []
    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic_name)
    worker = make_worker(bootstrap, "g", task_type, handle, listeners=[note], **limits)
    create_family(kafka, worker, PARTITIONS)
    submit(bootstrap, task_type, [Work(number=n, key=f"k{n}", padding="x" * size) for n in range(count)])

    with running(worker):
        wait_until(lambda: worker_is_full(held), timeout=30, describe="intake to stand still")
        go_on.set()
        wait_until(lambda: len(done) == count, timeout=60, describe="every task to be done")

    assert max(taken for taken, _ in held) <= most_bytes
    assert max(records for _, records in held) <= most_records


def worker_is_full(held: list[tuple[int, int]]) -> bool:
    """Whether it holds something, and has held the same for many turns."""
    last = held[-40:]
    return len(last) == 40 and last[0] != (0, 0) and len(set(last)) == 1
