"""While what a handler calls is down its topic pauses, nothing is spent or given up, and a new worker tries a few."""

import threading

from stillframe.consumer import CircuitBreaker, Retry, TaskContext, Worker
from stillframe.consumer.events import CircuitBreakerChanged, Event, PartitionPaused
from stillframe.consumer.intake.gate import BARRED
from stillframe.consumer.outcome.breaker import State
from tests.engine.journal import Journal
from tests.engine.looking import read_all
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

TASKS = 2_000
THREADS = 4
POLICY = CircuitBreaker(failures=10, rate=0.5, window=60, open_for=1.0, probes=2)


def test_a_dependency_that_is_down_costs_no_attempts(kafka: Kafka, topic_name: str) -> None:
    up, journal = threading.Event(), Journal()

    def handle(work: Work, context: TaskContext) -> None:
        if not up.is_set():
            raise ConnectionError

    def worker(name: str, events: list[Event]) -> Worker:
        return make_worker(
            kafka.bootstrap_servers, "g", task_type, handle, retry=Retry(max_attempts=4, cap=5), threads=THREADS,
            middleware=[journal.middleware(name)], listeners=[events.append], breaker=POLICY, partition_records=100,
        )  # fmt: skip

    task_type = work_type(topic_name)
    first_events, second_events = list[Event](), list[Event]()
    first, second = worker("first", first_events), worker("second", second_events)
    create_family(kafka, first)
    sent = submit(kafka.bootstrap_servers, task_type, [Work(number=n, key=f"k{n}") for n in range(TASKS)])

    def states(events: list[Event]) -> list[State]:
        return [event.state for event in tuple(events) if isinstance(event, CircuitBreakerChanged)]

    with running(first):
        wait_until(lambda: states(first_events).count(State.OPEN) >= 3, timeout=60, describe="two tries that fail")
    spent = len(journal.entries)
    assert spent <= POLICY.failures + THREADS + states(first_events).count(State.HALF_OPEN) * POLICY.probes
    reasons = {event.reason for event in first_events if isinstance(event, PartitionPaused)}
    assert BARRED in reasons

    with running(second):
        wait_until(lambda: len(states(second_events)) >= 2, timeout=60, describe="the next owner to try a few")
        assert states(second_events)[:2] == [State.HALF_OPEN, State.OPEN]
        up.set()
        wait_until(lambda: journal.done == set(sent), timeout=120, describe="everything to be done")
        wait_until(lambda: states(second_events)[-1] is State.CLOSED, describe="the breaker to close")

    assert read_all(kafka.bootstrap_servers, first.families()[0].dead_letter_topic) == []
    assert journal.duplicates == set()
