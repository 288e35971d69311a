"""The broker is killed (-9) and comes back while 4 threads submit: every task acknowledged is in Kafka, and no task,
retried inside the client or not, is there twice."""

import threading
from collections import Counter

from stillframe.producer import SubmitError
from tests.engine.looking import read_all
from tests.kafka import Cluster, create_topic
from tests.producing import Email, email_type, open_producer, task_ids
from tests.waiting import wait_until


def test_a_killed_broker_costs_no_acknowledged_submission(own_kafka: Cluster, topic_name: str) -> None:
    task_type = email_type(create_topic(own_kafka.bootstrap_servers, topic_name))
    acknowledged: list[str] = []
    unclear: list[SubmitError] = []
    stop = threading.Event()

    with open_producer(own_kafka.bootstrap_servers, delivery_timeout=20) as producer:

        def submit_on() -> None:
            while not stop.is_set():
                try:
                    acknowledged.append(producer.submit(task_type, Email()).task_id)
                except SubmitError as error:
                    unclear.append(error)

        threads = [threading.Thread(target=submit_on) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(2):
            await_more(acknowledged)
            own_kafka.kill()
            own_kafka.restart()
        await_more(acknowledged)
        stop.set()
        for thread in threads:
            thread.join(30)

    found = Counter(task_ids(read_all(own_kafka.bootstrap_servers, topic_name)))
    assert set(acknowledged) <= set(found)
    assert set(found.values()) == {1}
    assert len(unclear) < len(acknowledged) / 10


def await_more(acknowledged: list[str]) -> None:
    enough = len(acknowledged) + 300
    wait_until(lambda: len(acknowledged) > enough, timeout=60, describe="the load to run")
