"""A broker that stops answering (SIGSTOP) holds nobody: every kind of call ends by its deadline, and works again
once the broker goes on."""

import asyncio
import os
import signal
from collections.abc import Callable
from functools import partial

import pytest

from stillframe.producer import (
    Durability,
    Producer,
    SubmitError,
    SubmitIncomplete,
    SubmitRejected,
    SubmitUnknown,
)
from stillframe.schemas import TaskType
from tests.kafka import Cluster, create_topic
from tests.producing import Email, email_type, open_producer
from tests.timing import takes
from tests.waiting import wait_until


def test_a_stopped_broker_holds_no_caller_beyond_its_deadline(own_kafka: Cluster, topic_name: str) -> None:
    task_type = email_type(create_topic(own_kafka.bootstrap_servers, topic_name, partitions=1))
    email = Email()
    timings = {"queue_size": 20, "queue_timeout": 0.4, "delivery_timeout": 2.0, "close_timeout": 1.0}
    with open_producer(own_kafka.bootstrap_servers, **timings) as producer:
        for durability in (Durability.SYNC, Durability.SEMI_SYNC):
            wait_until(
                partial(acknowledged, producer, task_type, durability),
                timeout=30,
                describe="a new broker to be ready",
            )

        for pid in own_kafka.pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            ends(SubmitUnknown, 2.4, lambda: producer.submit(task_type, email))
            ends(SubmitUnknown, 0.3, lambda: producer.submit(task_type, email, timeout=0.3))
            ends(SubmitUnknown, 2.4, lambda: asyncio.run(producer.asubmit(task_type, email)))
            ends(SubmitUnknown, 2.4, lambda: producer.submit(task_type, email, durability=Durability.SEMI_SYNC))
            ends(SubmitIncomplete, 2.8, lambda: producer.submit_many(task_type, [email] * 50))
            fill(producer)
            with takes(0.5):  # at once: what is in the queue leaves it when its two seconds are over
                assert producer.flush(0.5) > 0
            fill(producer)
            ends(SubmitRejected, 0.4, lambda: producer.submit(task_type, email))
            ends(SubmitRejected, 0.4, lambda: asyncio.run(producer.asubmit(task_type, email)))
        finally:
            for pid in own_kafka.pids:
                os.kill(pid, signal.SIGCONT)

        assert producer.flush(20) == 0
        again = partial(acknowledged, producer, task_type, Durability.SYNC)
        wait_until(again, timeout=30, describe="the broker to answer within two seconds again")


def acknowledged(producer: Producer, task_type: TaskType[Email], durability: Durability) -> bool:
    try:
        return producer.submit(task_type, Email(), durability=durability).done
    except SubmitUnknown:
        return False


def fill(producer: Producer) -> None:
    """Take every place in the queue."""
    with pytest.raises(SubmitIncomplete):
        producer.submit_many(email_type("elsewhere"), [Email()] * 50, durability=Durability.ASYNC, timeout=0)


def ends(error: type[SubmitError], seconds: float, call: Callable[[], object]) -> None:
    """The call ends with that error, by that time."""
    with takes(seconds), pytest.raises(error):
        call()
