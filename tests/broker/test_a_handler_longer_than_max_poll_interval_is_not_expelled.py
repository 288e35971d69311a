"""A handler may take longer than max.poll.interval: polling goes on, the group keeps its member (I6)."""

import threading

from stillframe.consumer import TaskContext
from stillframe.consumer.events import Event, PartitionsLost
from tests.engine.journal import Journal
from tests.engine.looking import committed, log_ends
from tests.engine.running import SHORT_SESSION, make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

MAX_POLL_INTERVAL = 6_000
TOO_LONG = 9.0


def test_a_handler_longer_than_max_poll_interval_is_not_expelled(kafka: Kafka, topic_name: str) -> None:
    journal = Journal()
    lost: list[Event] = []
    never = threading.Event()

    def handle(work: Work, context: TaskContext) -> None:
        if work.kind == "slow":
            never.wait(TOO_LONG)

    task_type = work_type(topic_name)
    worker = make_worker(
        kafka.bootstrap_servers,
        "g",
        task_type,
        handle,
        middleware=[journal.middleware()],
        listeners=[lambda event: lost.append(event) if isinstance(event, PartitionsLost) else None],
        kafka=SHORT_SESSION | {"max.poll.interval.ms": MAX_POLL_INTERVAL},
    )
    create_family(kafka, worker, partitions=1)
    works = [Work(number=0, key="slow", kind="slow"), *(Work(number=n, key="quick") for n in range(1, 20))]
    slow, *quick = submit(kafka.bootstrap_servers, task_type, works)

    with running(worker):
        wait_until(lambda: journal.done >= set(quick), timeout=TOO_LONG, describe="the quick tasks to overtake")
        assert slow not in journal.done
        assert committed(kafka.bootstrap_servers, "g", topic_name, 1)[0] <= 0  # I2: nothing passes the slow one
        wait_until(lambda: slow in journal.done, timeout=TOO_LONG * 2, describe="the slow task")
        wait_until(
            lambda: (
                committed(kafka.bootstrap_servers, "g", topic_name, 1)
                == log_ends(kafka.bootstrap_servers, topic_name, 1)
            ),
            describe="the commit to pass it",
        )

    assert lost == []
    assert journal.duplicates == set()
