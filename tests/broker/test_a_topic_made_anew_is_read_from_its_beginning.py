"""A topic is deleted and made anew under a running worker: none of its new tasks is passed over (I1).

The client does not notice by itself: it reads on from where it stood in the old log, past every new task below.
"""

import pytest
from confluent_kafka.admin import AdminClient

from stillframe.consumer import TaskContext
from tests.engine.journal import Journal
from tests.engine.looking import await_commits
from tests.engine.running import SHORT_SESSION, make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka, create_topic
from tests.waiting import wait_until

PROTOCOLS = {
    "eager": SHORT_SESSION | {"partition.assignment.strategy": "range"},
    "cooperative": SHORT_SESSION | {"partition.assignment.strategy": "cooperative-sticky"},
    "KIP-848": {"group.protocol": "consumer"},
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("new", [100, 10], ids=["longer than the old log", "shorter"])
def test_a_topic_made_anew_is_read_from_its_beginning(kafka: Kafka, topic_name: str, protocol: str, new: int) -> None:
    journal = Journal()

    def handle(work: Work, context: TaskContext) -> None:
        pass

    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic_name)
    worker = make_worker(
        bootstrap, "g", task_type, handle, middleware=[journal.middleware()], stall_after=4, kafka=PROTOCOLS[protocol]
    )
    create_family(kafka, worker, partitions=2)
    admin = AdminClient({"bootstrap.servers": bootstrap})
    with running(worker):
        old = submit(bootstrap, task_type, [Work(number=n, key=f"k{n}") for n in range(40)])
        wait_until(lambda: journal.done == set(old), timeout=30, describe="the old tasks to be done")
        await_commits(bootstrap, "g", topic_name, 2)

        admin.delete_topics([topic_name])[topic_name].result(10)
        create_topic(bootstrap, topic_name, 2)
        ids = submit(bootstrap, task_type, [Work(number=n, key=f"k{n}") for n in range(new)])
        wait_until(lambda: journal.done >= set(ids), timeout=30, describe="the new tasks to be done")
        await_commits(bootstrap, "g", topic_name, 2)
