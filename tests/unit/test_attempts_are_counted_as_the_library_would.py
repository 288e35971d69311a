"""Attempts are counted by the turn, and shown as Prometheus' own client shows what it has counted one by one."""

import threading

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from stillframe.consumer.events import AttemptEnded, Events, Turned
from stillframe.consumer.listeners import metric_names as names
from stillframe.consumer.listeners.metrics import BUCKETS, Metrics
from stillframe.consumer.outcome.classify import Failure
from stillframe.consumer.outcome.end import Dead, Done, End, Retry, Skipped
from tests.arrivals import arrival, partition

FAILURE = Failure("ValueError", "", "", permanent=False)
#: Ends as they come, and whether their handler was called for so many seconds.
ENDS: list[tuple[str, str, End, float]] = [
    *[("mail", "done", Done(), seconds) for seconds in (0.0004, 0.001, 0.0011, 0.5, 59.9, 3_600, 4_000)],
    ("mail", "retry", Retry(0, FAILURE), 0.02),
    ("mail", "deferred", Retry(0, None), 0),
    ("call", "dead", Dead(FAILURE), 7),
    ("call", "skipped", Skipped(), 0),
    ("", "dead", Dead(FAILURE), 0),
]


def ended(task_type: str, end: End, seconds: float) -> AttemptEnded:
    return AttemptEnded(arrival(partition()), task_type, "0198", end, seconds)


def lines_of(exposition: bytes) -> list[str]:
    """Without when a series was begun, which the library tells of its own alone."""
    lines = exposition.decode().splitlines()
    return [line for line in lines if line.split()[-1] and "_created" not in line]


@pytest.fixture
def counted_one_by_one() -> CollectorRegistry:
    registry = CollectorRegistry()
    attempts = Counter(*names.ATTEMPTS, registry=registry)
    seconds = Histogram(*names.HANDLER_SECONDS, buckets=BUCKETS, registry=registry)
    for task_type, outcome, _, took in ENDS:
        attempts.labels(task_type or names.UNDECODABLE, outcome).inc()
        if took:
            seconds.labels(task_type).observe(took)
    return registry


def test_a_scrape_shows_what_the_library_would(counted_one_by_one: CollectorRegistry) -> None:
    metrics = Metrics("mailer")
    for task_type, _, end, took in ENDS:
        metrics(ended(task_type, end, took))
    assert set(lines_of(generate_latest(counted_one_by_one))) <= set(lines_of(generate_latest(metrics.registry)))


def test_a_scrape_may_choose_by_name(counted_one_by_one: CollectorRegistry) -> None:
    chosen = ["stillframe_attempts_total", "stillframe_handler_duration_seconds_sum"]
    metrics = Metrics("mailer")
    for task_type, _, end, took in ENDS:
        metrics(ended(task_type, end, took))
    theirs, ours = (each.restricted_registry(chosen) for each in (counted_one_by_one, metrics.registry))
    assert sorted(lines_of(generate_latest(ours))) == sorted(lines_of(generate_latest(theirs)))


def test_nothing_is_counted_twice_however_many_count() -> None:
    """The poll thread at each turn, and whoever scrapes."""
    metrics = Metrics("mailer")
    emit, threads, each = Events([metrics]).emit, 4, 500

    def work() -> None:
        for number in range(each):
            emit(ended("mail", Done(), 0.1))
            if number % 7 == 0:
                metrics(Turned((), 0, 0, 0))
            if number % 50 == 0:
                generate_latest(metrics.registry)

    working = [threading.Thread(target=work) for _ in range(threads)]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()
    total = metrics.registry.get_sample_value("stillframe_attempts_total", {"task_type": "mail", "outcome": "done"})
    assert total == threads * each
    took = metrics.registry.get_sample_value("stillframe_handler_duration_seconds_count", {"task_type": "mail"})
    assert took == threads * each
