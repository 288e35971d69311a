"""What the demo reads out of the worker's log lines, and what it leaves alone."""

import json
from typing import Any

from examples.demo.books import Ended
from examples.demo.worker_log import WorkerLog, made_since
from stillframe.schemas import uuid7

NOW = 1_800_000_000_000
OLD = "01a09f5c-1f00-7000-8000-000000000000"


def line(event: str, **fields: Any) -> bytes:
    return json.dumps({"event": event, **fields}).encode()


def ended(task_id: str, status: str, attempt: int = 1) -> bytes:
    return line("consume_end", msg_id=task_id, attempt=attempt, status=status, timestamp="2027-01-15T08:00:00.250Z")


def test_starts_and_ends_are_noted_with_their_attempt_and_time() -> None:
    """An attempt is a task's id and a number; its end has a status and a moment."""
    log, task_id = WorkerLog(0), str(uuid7())
    log.take(line("consume_start", msg_id=task_id, attempt=2))
    log.take(ended(task_id, "done", attempt=2))
    assert log.started == [(task_id, 2)]
    assert log.ended == [Ended(task_id, 2, "done", NOW / 1_000 + 0.25)]


def test_only_done_and_dead_settle_a_task() -> None:
    """A task that will be tried again has no outcome yet."""
    log, done, dead, again = WorkerLog(0), str(uuid7()), str(uuid7()), str(uuid7())
    for task_id, status in ((done, "done"), (dead, "dead"), (again, "retry")):
        log.take(ended(task_id, status))
    assert log.settled == {done, dead}
    assert (log.retried, log.dead) == (1, 1)


def test_a_worker_is_ready_once_it_has_partitions() -> None:
    """An assignment of nothing is none."""
    log = WorkerLog(0)
    log.take(line("partitions_assigned", partitions=[]))
    assert not log.ready
    log.take(line("partitions_assigned", partitions=["emails[0]"]))
    assert log.ready


def test_what_is_no_log_line_is_passed_over() -> None:
    """Applications print; records that could not be decoded have no id."""
    log = WorkerLog(0)
    for text in (b"hello\n", b"[1]\n", b"\xff\n", line("consume_end", msg_id=None, status="dead")):
        log.take(text)
    assert not log.started
    assert not log.ended


def test_tasks_of_an_earlier_run_are_left_out() -> None:
    """Their ids tell when they were made."""
    log = WorkerLog(NOW)
    log.take(line("consume_start", msg_id=OLD, attempt=1))
    log.take(ended(OLD, "done"))
    assert not log.started
    assert not log.ended
    assert made_since(OLD, int(OLD[:8] + OLD[9:13], 16))
    assert not made_since(OLD, int(OLD[:8] + OLD[9:13], 16) + 1)
