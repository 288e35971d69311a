"""A producer is closed while 8 threads and an event loop submit: every call ends, acknowledged tasks are in Kafka,
and those that were turned away are not."""

import asyncio
import threading

import pytest

from stillframe.producer import Durability, Producer, ProducerClosed, SubmitUnknown
from tests.engine.looking import read_all
from tests.kafka import CreateTopic, Kafka
from tests.producing import Email, email_type, settings_for, task_ids
from tests.waiting import wait_until


@pytest.mark.parametrize("durability", [Durability.SYNC, Durability.ASYNC, Durability.SEMI_SYNC])
def test_closing_under_load_answers_everyone(
    kafka: Kafka, create_topic: CreateTopic, topic_name: str, durability: Durability
) -> None:
    task_type = email_type(create_topic(topic_name))
    settings = settings_for(kafka.bootstrap_servers, queue_size=5, queue_timeout=30, durability=durability)
    producer = Producer(settings, on_report=lambda receipt: reported.append(receipt.task_id))
    reported: list[str] = []
    submitted: list[str] = []
    unknown: list[str | None] = []
    turned_away: list[str | None] = []

    def submit_on() -> None:
        while True:
            try:
                submitted.append(producer.submit(task_type, Email()).task_id)
            except SubmitUnknown as error:
                unknown.append(error.task_id)
            except ProducerClosed as error:
                turned_away.append(error.task_id)
                return

    async def asubmit_on() -> None:
        while True:
            try:
                submitted.append((await producer.asubmit(task_type, Email())).task_id)
            except ProducerClosed as error:
                turned_away.append(error.task_id)
                return

    async def asubmit_all() -> None:
        await asyncio.gather(*(asubmit_on() for _ in range(20)))

    threads = [threading.Thread(target=submit_on) for _ in range(8)]
    threads.append(threading.Thread(target=lambda: asyncio.run(asubmit_all())))
    for thread in threads:
        thread.start()
    wait_until(lambda: len(submitted) > 300, timeout=30, describe="the load to run")
    producer.close()
    for thread in threads:
        thread.join(10)

    assert not any(thread.is_alive() for thread in threads)
    found = task_ids(read_all(kafka.bootstrap_servers, topic_name))
    assert len(found) == len(set(found))
    assert set(submitted) <= set(found) <= {*submitted, *unknown}
    assert len(turned_away) == 8 + 20
    assert not set(turned_away) & set(found)
    assert sorted(reported) == sorted([*submitted, *filter(None, unknown)])
