"""What submitting costs, next to the bare client on the same broker with the same properties.

``ASYNC``: tasks per second that one thread hands over, until all are reported. ``SYNC``: milliseconds of
one call after another. The bare client sends bytes that are ready; "bare, encoding" makes them from the
same pydantic model first, which any application has to do somewhere. From 16 threads, every call counts.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from statistics import median, quantiles
from typing import Any

from confluent_kafka import Producer as BareProducer

from stillframe.producer import Durability, Producer, ProducerSettings
from stillframe.producer.properties import producer_properties
from stillframe.schemas import TaskType
from tests.engine.work import Work, work_type
from tests.kafka import Kafka, create_topic, shared_kafka
from tests.kafka.topics import unique_name

TASKS = int(os.environ.get("TASKS", "50000"))
CALLS = int(os.environ.get("CALLS", "2000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
QUEUE = 1_000
THREADS = 16
COLUMNS = {"rate": "ASYNC, tasks/s", "p50": "SYNC p50, ms", "p99": "SYNC p99, ms"}
WORK = Work(number=1, key="key-1", padding="x" * 100)

Calls = Callable[[], object]


class Figures:
    """What the rounds have brought, by side and figure."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, list[float]]] = {}

    def add(self, side: str, **figures: float) -> None:
        for name, figure in figures.items():
            self._found.setdefault(side, {}).setdefault(name, []).append(figure)

    def rows(self) -> list[dict[str, Any]]:
        """Medians; a cell is empty where a side has no such figure."""
        return [
            {"side": side, **{title: median(found[name]) if name in found else "" for name, title in COLUMNS.items()}}
            for side, found in self._found.items()
        ]


def main(kafka: Kafka) -> list[dict[str, Any]]:
    """Print each round's figures, the sides taking turns; return the medians."""
    servers, figures = kafka.bootstrap_servers, Figures()
    topic = create_topic(servers, unique_name("bench-submit"), partitions=8)
    for number in range(ROUNDS):
        print(f"round {number + 1}")
        with bare(servers, topic) as (hand_over, wait_for_all, call):
            show_rate(figures, "bare, bytes ready", hand_over, wait_for_all)
            show_rate(figures, "bare, encoding", partial(hand_over, encode=True), wait_for_all)
            show_latency(figures, "bare, bytes ready", call)
            show_threads(figures, "bare, bytes ready, 16 threads", call)
        ours(figures, servers, work_type(topic))
    return figures.rows()


def ours(figures: Figures, servers: str, task_type: TaskType[Work]) -> None:
    """The same through a Producer."""
    settings = ProducerSettings(bootstrap_servers=servers, queue_size=QUEUE, queue_timeout=30)
    with Producer(settings) as producer:
        producer.submit(task_type, WORK)
        one_after_another = partial(producer.submit, task_type, WORK)
        handing_over = partial(producer.submit, task_type, WORK, durability=Durability.ASYNC)
        show_rate(figures, "ours", handing_over, producer.flush)
        show_latency(figures, "ours", one_after_another)
        show_latency(figures, "ours, SEMI_SYNC", partial(one_after_another, durability=Durability.SEMI_SYNC))
        show_threads(figures, "ours, 16 threads", one_after_another)


@contextmanager
def bare(servers: str, topic: str) -> Iterator[tuple[Callable[..., None], Calls, Calls]]:
    """The bare client, polled by a thread, its queue bounded as ours: hand over, wait for all, call and wait."""
    settings = ProducerSettings(bootstrap_servers=servers)
    producer = BareProducer(producer_properties(settings, Durability.SYNC))
    places = threading.Semaphore(QUEUE)
    ready, ended = WORK.model_dump_json().encode(), threading.Event()

    def poll() -> None:
        while not ended.is_set():
            producer.poll(0.1)

    def hand_over(*, encode: bool = False) -> None:
        places.acquire()
        value = WORK.model_dump_json().encode() if encode else ready
        producer.produce(topic, value, b"key-1", on_delivery=lambda *_: places.release())

    def call() -> None:
        reported = threading.Event()
        producer.produce(topic, ready, b"key-1", on_delivery=lambda *_: reported.set())
        reported.wait()

    thread = threading.Thread(target=poll)
    thread.start()
    call()
    try:
        yield hand_over, lambda: producer.flush(60), call
    finally:
        ended.set()
        thread.join()


def show_rate(figures: Figures, side: str, hand_over: Calls, wait_for_all: Calls) -> None:
    started = time.perf_counter()
    for _ in range(TASKS):
        hand_over()
    wait_for_all()
    rate = TASKS / (time.perf_counter() - started)
    figures.add(side, rate=rate)
    print(f"  ASYNC {side:30}  {rate:9,.0f}/s", flush=True)


def show_latency(figures: Figures, side: str, call: Calls) -> None:
    call()
    show_percentiles(figures, side, timed(call, CALLS))


def show_threads(figures: Figures, side: str, call: Calls) -> None:
    """Of many threads that each wait for their own."""
    with ThreadPoolExecutor(THREADS) as pool:
        each = pool.map(lambda _: timed(call, CALLS // 4), range(THREADS))
        show_percentiles(figures, side, [taken for taken_by_one in each for taken in taken_by_one])


def timed(call: Calls, times: int) -> list[float]:
    """Milliseconds of each of so many calls."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        taken.append((time.perf_counter() - started) * 1_000)
    return taken


def show_percentiles(figures: Figures, side: str, taken: list[float]) -> None:
    percentiles = quantiles(taken, n=100)
    figures.add(side, p50=percentiles[49], p99=percentiles[98])
    print(f"  SYNC  {side:30}  p50 {percentiles[49]:6.2f} ms  p99 {percentiles[98]:6.2f} ms", flush=True)


if __name__ == "__main__":
    with shared_kafka() as running:
        main(running)
