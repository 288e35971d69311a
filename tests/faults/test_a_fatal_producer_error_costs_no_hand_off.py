"""A fatal error of the producer that writes retries and dead letters: it is rebuilt, and nothing is lost (I1, I8)."""

import threading

import pytest
from confluent_kafka import KafkaError

from stillframe.consumer import PermanentError, Retry, TaskContext
from stillframe.consumer.events import Event, HandedOff
from stillframe.consumer.health import Health
from tests.engine.faulty import committed_there, create_family_there
from tests.engine.looking import log_ends, read_all, task_id
from tests.engine.running import make_worker, running
from tests.engine.work import Work, submit, work_type
from tests.faulty_kafka import PRODUCE, FaultyKafka
from tests.waiting import wait_until

TASKS = 40


@pytest.mark.parametrize("error", ["OUT_OF_ORDER_SEQUENCE_NUMBER", "INVALID_PRODUCER_EPOCH", "UNKNOWN_PRODUCER_ID"])
def test_a_fatal_producer_error_costs_no_hand_off(error: str) -> None:
    events: list[Event] = []
    health = Health(30.0, [None])
    broken = threading.Event()

    def handle(work: Work, context: TaskContext) -> None:
        if work.number >= TASKS / 2:
            broken.wait(30)  # what is submitted must not meet the error that is for what is handed over
        if work.kind == "dead":
            raise PermanentError("no")
        raise ValueError("later")

    def seen(kind: type[Event]) -> list[Event]:
        return [event for event in tuple(events) if isinstance(event, kind)]

    with FaultyKafka() as kafka:
        bootstrap, task_type = kafka.bootstrap_servers, work_type("work")
        worker = make_worker(
            bootstrap, "g", task_type, handle, listeners=[health, events.append], memory_wait=0,
            retry=Retry(max_attempts=3, base=600, cap=600),
        )  # fmt: skip
        create_family_there(kafka, worker)
        with running(worker):
            wait_until(lambda: health.ready().ok, timeout=20, describe="the worker to be ready")
            works = [Work(number=n, kind="dead" if n % 2 else "later") for n in range(TASKS)]
            ids = submit(bootstrap, task_type, works[: TASKS // 2])
            wait_until(lambda: len(seen(HandedOff)) == TASKS / 2, timeout=20, describe="the first hand-offs")
            ids += submit(bootstrap, task_type, works[TASKS // 2 :])
            kafka.fail(PRODUCE, *[getattr(KafkaError, error)] * 4)
            broken.set()
            wait_until(lambda: len(seen(HandedOff)) == TASKS, timeout=60, describe="all hand-offs")
            wait_until(lambda: health.ready().ok, timeout=10, describe="the worker to be ready again")
            wait_until(
                lambda: committed_there(kafka, "g", "work") == log_ends(bootstrap, "work", 2),
                timeout=20,
                describe="everything to be committed",
            )
        written = {
            task_id(record) for topic in ("work.g.retry.10m", "work.g.dlq") for record in read_all(bootstrap, topic)
        }
    assert written == set(ids)
