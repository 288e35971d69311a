"""What submitting costs, next to the bare client on the same broker with the same properties.

``ASYNC``: tasks per second that one thread hands over, until all are reported. ``SYNC``: milliseconds of
one call after another. The bare client sends bytes that are ready; "bare, encoding" makes them from the
same pydantic model first, which any application has to do somewhere.
"""

import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from confluent_kafka import Producer as BareProducer

from stillframe.producer import Durability, Producer, ProducerSettings
from stillframe.producer.properties import producer_properties
from stillframe.schemas import TaskType
from tests.engine.work import Work, work_type
from tests.kafka import create_topic, shared_kafka
from tests.kafka.topics import unique_name

TASKS = int(os.environ.get("TASKS", "50000"))
CALLS = int(os.environ.get("CALLS", "2000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
QUEUE = 1_000
WORK = Work(number=1, key="key-1", padding="x" * 100)

Calls = Callable[[], object]


def main() -> None:
    """Print each round's figures; the sides take turns."""
    with shared_kafka() as kafka:
        servers = kafka.bootstrap_servers
        topic = create_topic(servers, unique_name("bench-submit"), partitions=8)
        for number in range(ROUNDS):
            print(f"round {number + 1}")
            with bare(servers, topic) as (hand_over, wait_for_all, call):
                show_rate("bare, bytes ready", hand_over, wait_for_all)
                show_rate("bare, encoding", partial(hand_over, encode=True), wait_for_all)
                show_latency("bare, bytes ready", call)
            ours(servers, work_type(topic))


def ours(servers: str, task_type: TaskType[Work]) -> None:
    """The same through a Producer."""
    settings = ProducerSettings(bootstrap_servers=servers, queue_size=QUEUE, queue_timeout=30)
    with Producer(settings) as producer:
        producer.submit(task_type, WORK)
        one_after_another = partial(producer.submit, task_type, WORK)
        handing_over = partial(producer.submit, task_type, WORK, durability=Durability.ASYNC)
        show_rate("ours", handing_over, producer.flush)
        show_latency("ours", one_after_another)
        show_latency("ours, SEMI_SYNC", partial(one_after_another, durability=Durability.SEMI_SYNC))
        show_threads(16, one_after_another)


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


def show_rate(side: str, hand_over: Calls, wait_for_all: Calls) -> None:
    started = time.perf_counter()
    for _ in range(TASKS):
        hand_over()
    wait_for_all()
    print(f"  ASYNC {side:18}  {TASKS / (time.perf_counter() - started):9,.0f}/s", flush=True)


def show_latency(side: str, call: Calls) -> None:
    call()
    taken = []
    for _ in range(CALLS):
        started = time.perf_counter()
        call()
        taken.append((time.perf_counter() - started) * 1_000)
    percentiles = statistics.quantiles(taken, n=100)
    print(f"  SYNC  {side:18}  p50 {percentiles[49]:6.2f} ms  p99 {percentiles[98]:6.2f} ms", flush=True)


def show_threads(count: int, call: Calls) -> None:
    """Tasks per second of many threads that each wait for their own."""

    def run() -> None:
        for _ in range(CALLS // 4):
            call()

    threads = [threading.Thread(target=run) for _ in range(count)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = count * (CALLS // 4) / (time.perf_counter() - started)
    print(f"  SYNC  ours, {count} threads   {rate:9,.0f}/s", flush=True)


if __name__ == "__main__":
    main()
