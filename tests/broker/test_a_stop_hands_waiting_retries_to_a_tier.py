"""A retry waiting in memory survives a stop: same due time, no attempt spent, run once elsewhere (I5)."""

import threading
import time

from stillframe.consumer import RetryAfter, TaskContext
from stillframe.consumer.events import Draining, Event, HandedOff
from stillframe.schemas.headers import read_delivery_state
from tests.engine.journal import Journal
from tests.engine.looking import committed, log_ends, read_all
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

DELAY = 8.0


def test_a_stop_hands_waiting_retries_to_a_tier(kafka: Kafka, topic_name: str) -> None:
    journal = Journal()
    failed_at: list[float] = []

    def handle(work: Work, context: TaskContext) -> None:
        if context.attempt == 1:
            failed_at.append(time.time())
            raise RetryAfter(DELAY)

    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic_name)
    first, second = (
        make_worker(bootstrap, "g", task_type, handle, middleware=[journal.middleware(name)]) for name in ("1", "2")
    )
    create_family(kafka, first)
    (task_id,) = submit(bootstrap, task_type, [Work(number=1, key="k")])

    with running(first):
        wait_until(lambda: len(journal.entries) == 1, timeout=30, describe="the first attempt to fail")
    assert committed(bootstrap, "g", topic_name) == log_ends(bootstrap, topic_name)
    (waiting,) = read_all(bootstrap, f"{topic_name}.g.retry.1m")
    state = read_delivery_state(waiting)
    assert state.attempt == 2
    assert state.not_before is not None
    assert abs(state.not_before / 1_000 - failed_at[0] - DELAY) < 1

    with running(second):
        wait_until(lambda: journal.done == {task_id}, timeout=30, describe="the second attempt")
    last = journal.entries[-1]
    assert (last.worker, last.attempt) == ("2", 2)
    assert last.started * 1_000 >= state.not_before
    assert journal.duplicates == set()


def test_they_do_not_wait_for_a_stuck_handler(kafka: Kafka, topic_name: str) -> None:
    """They are handed over when the drain begins: at its end there may be no time left."""
    go_on = threading.Event()
    failed: list[int] = []
    handed_off: list[float] = []
    draining: list[float] = []

    def handle(work: Work, context: TaskContext) -> None:
        if work.kind == "stuck":
            go_on.wait(60)
        else:
            failed.append(work.number)
            raise RetryAfter(DELAY)

    def watch(event: Event) -> None:
        if isinstance(event, HandedOff | Draining):
            (handed_off if isinstance(event, HandedOff) else draining).append(time.monotonic())

    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic_name)
    worker = make_worker(bootstrap, "g", task_type, handle, listeners=[watch], grace=20.0)
    create_family(kafka, worker, partitions=1)
    works = [Work(number=n, key=f"k{n}") for n in range(200)]
    submit(bootstrap, task_type, [Work(number=-1, key="stuck", kind="stuck"), *works])

    with running(worker):
        wait_until(lambda: len(failed) == len(works), timeout=30, describe="all of them to fail once")
        worker.stop()
        wait_until(lambda: len(handed_off) == len(works), timeout=15, describe="all of them to be handed over")
        go_on.set()
    assert handed_off[-1] - draining[0] < 5
    assert len(read_all(bootstrap, f"{topic_name}.g.retry.1m")) == len(works)
