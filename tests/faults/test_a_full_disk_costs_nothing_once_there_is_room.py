"""The broker can write no more: nothing that it had acknowledged is lost, and all goes on when it has room (I1)."""

import resource
import threading

from stillframe.consumer import PermanentError, TaskContext
from tests.engine.looking import await_commits, read_all, task_id
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.watch import Watch
from tests.engine.work import Work, submit, work_type
from tests.kafka import Cluster
from tests.waiting import wait_until


def test_a_full_disk_costs_nothing_once_there_is_room(own_kafka: Cluster) -> None:
    bootstrap, watch, task_type = own_kafka.bootstrap_servers, Watch(), work_type("work")
    full = threading.Event()

    def handle(work: Work, context: TaskContext) -> None:
        full.wait(60)
        if work.kind == "dead":
            raise PermanentError("no")

    worker = make_worker(
        bootstrap, "g", task_type, handle, middleware=watch.middleware, listeners=watch.listeners, threads=40
    )
    create_family(own_kafka, worker, partitions=2)
    with running(worker):
        watch.await_ready()
        done = submit(bootstrap, task_type, [Work(number=n, key=f"k{n}") for n in range(20)])
        dead = submit(bootstrap, task_type, [Work(number=n, key=f"d{n}", kind="dead") for n in range(20)])
        wait_until(lambda: len(watch.journal.started) == 40, timeout=30, describe="all to run")
        _fill_the_disk(own_kafka)
        full.set()
        watch.await_unready("all brokers are down")
        own_kafka.restart()  # a new process, without the limit
        watch.await_ready(60)
        watch.await_done(done)
        await_commits(bootstrap, "g", "work", 2)
    assert {task_id(letter) for letter in read_all(bootstrap, "work.g.dlq")} == set(dead)


def _fill_the_disk(kafka: Cluster) -> None:
    """No file of the broker may grow from now on: its writes fail as on a full disk, and so it ends itself."""
    (pid,) = kafka.pids
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, most))
