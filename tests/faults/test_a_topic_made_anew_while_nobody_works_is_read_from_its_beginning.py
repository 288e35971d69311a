"""A topic is deleted and made anew while no worker runs: the next one reads it from its beginning (I1).

The broker forgets a group's offsets of a topic with the topic.
"""

import pytest
from confluent_kafka.admin import AdminClient

from stillframe.consumer import Worker
from tests.engine.looking import await_commits, committed
from tests.engine.running import SHORT_SESSION, make_worker, running
from tests.engine.topics import create_family
from tests.engine.watch import Watch
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka, create_topic
from tests.waiting import wait_until

PROTOCOLS = {"classic": SHORT_SESSION, "KIP-848": {"group.protocol": "consumer"}}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_topic_made_anew_while_nobody_works_is_read_from_its_beginning(
    kafka: Kafka, topic_name: str, protocol: str
) -> None:
    bootstrap, task_type, watch = kafka.bootstrap_servers, work_type(topic_name), Watch()

    def make(watch: Watch) -> Worker:
        return make_worker(
            bootstrap, "g", task_type, lambda work, context: None, middleware=watch.middleware,
            listeners=watch.listeners, kafka=PROTOCOLS[protocol],
        )  # fmt: skip

    worker = make(watch)
    create_family(kafka, worker, partitions=1)
    with running(worker):
        watch.await_done(submit(bootstrap, task_type, [Work(number=n) for n in range(40)]))
        await_commits(bootstrap, "g", topic_name, 1)

    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.delete_topics([topic_name])[topic_name].result(10)
    wait_until(
        lambda: committed(bootstrap, "g", topic_name, 1) == [-1001], timeout=20, describe="the offset to be forgotten"
    )
    create_topic(bootstrap, topic_name, 1)
    ids = submit(bootstrap, task_type, [Work(number=n) for n in range(10)])
    watch = watch.of_another()
    with running(make(watch)):
        watch.await_done(ids)
        await_commits(bootstrap, "g", topic_name, 1)
    assert watch.journal.duplicates == set()
