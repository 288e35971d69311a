"""Tasks that fail while the worker drains are dead-lettered before it leaves, and run nowhere again (I3)."""

import threading

from stillframe.consumer import PermanentError, TaskContext
from stillframe.consumer.events import Draining, Event, Turned
from tests.engine.journal import Journal
from tests.engine.looking import await_commits, read_all, task_id
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

THREADS = 8


def test_a_failure_during_the_drain_is_dead_lettered_once(kafka: Kafka, topic_name: str) -> None:
    journal = Journal()
    draining, go_on, booked = threading.Event(), threading.Event(), threading.Event()

    def handle(work: Work, context: TaskContext) -> None:
        go_on.wait(60)
        raise PermanentError("no")

    def watch(event: Event) -> None:
        """Let them all end at the worst moment: when a turn of the drain has just booked what there was."""
        if isinstance(event, Draining):
            draining.set()
        elif isinstance(event, Turned) and draining.is_set() and not go_on.is_set():
            go_on.set()
            wait_until(lambda: len(journal.entries) == THREADS, describe="all of them to fail")
            booked.wait(0.1)  # never set: the moment between a handler's end and its booking

    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic_name)
    worker = make_worker(
        bootstrap, "g", task_type, handle, middleware=[journal.middleware()], listeners=[watch], threads=THREADS
    )
    create_family(kafka, worker)
    ids = submit(bootstrap, task_type, [Work(number=n, key=f"k{n}") for n in range(THREADS)])

    with running(worker):
        wait_until(lambda: len(journal.started) == THREADS, timeout=30, describe="all of them to run")

    letters = [task_id(letter) for letter in read_all(bootstrap, f"{topic_name}.g.dlq")]
    assert sorted(letters) == sorted(ids)
    await_commits(bootstrap, "g", topic_name)
    assert journal.duplicates == set()
