"""The broker is killed and comes back under load: nothing acknowledged is lost (I1)."""

import threading

from stillframe.consumer import TaskContext
from stillframe.producer import Producer, ProducerSettings, SubmitError
from tests.engine.journal import Journal
from tests.engine.looking import await_commits
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, work_type
from tests.kafka import Cluster
from tests.waiting import wait_until

TASKS = 1_500


def test_a_broker_restart_under_load_loses_nothing(own_kafka: Cluster, topic_name: str) -> None:
    journal = Journal()
    pause = threading.Event()

    def handle(work: Work, context: TaskContext) -> None:
        pause.wait(0.005)

    bootstrap, task_type = own_kafka.bootstrap_servers, work_type(topic_name)
    worker = make_worker(bootstrap, "g", task_type, handle, middleware=[journal.middleware()])
    create_family(own_kafka, worker)
    acknowledged: set[str] = set()

    def submit_all() -> None:
        with Producer(ProducerSettings(bootstrap_servers=bootstrap)) as producer:
            for number in range(TASKS):
                try:
                    acknowledged.add(producer.submit(task_type, Work(number=number, key=f"k{number % 40}")).task_id)
                except SubmitError:
                    continue  # refused or unknown: nobody was promised anything

    submitting = threading.Thread(target=submit_all)
    with running(worker):
        submitting.start()
        wait_until(lambda: len(journal.entries) > TASKS / 10, timeout=30, describe="the load to run")
        own_kafka.kill()
        own_kafka.restart()
        submitting.join(120)
        wait_until(lambda: journal.done >= acknowledged, timeout=60, describe="every acknowledged task to be done")
        await_commits(bootstrap, "g", topic_name)

    assert len(acknowledged) > TASKS / 2
    assert journal.overlaps() == []
