"""How fast a worker gets through a backlog of tasks that do nothing, next to the bare client.

Both sides read the same topic in a process of their own, from the first record to the last, and
validate every payload. The bare loop promises nothing: no order, no commit, no thread.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from confluent_kafka import Consumer

from stillframe.consumer import Worker, WorkerSettings
from stillframe.producer import Durability, Producer, ProducerSettings
from stillframe.schemas import Record, TaskType, decode
from tests.engine.topics import create_family
from tests.engine.work import Work, work_type
from tests.kafka import Kafka, shared_kafka

TASKS = int(os.environ.get("TASKS", "50000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
PARTITIONS = 8
TOPIC = "bench-consume"


def main() -> None:
    """Fill a topic, then let both sides read it in turn; print tasks per second and the ratio."""
    with shared_kafka() as kafka:
        fill(kafka.bootstrap_servers, kafka)
        for number in range(ROUNDS):
            bare, ours = (run(side, kafka.bootstrap_servers, number) for side in ("bare", "worker"))
            print(
                f"round {number + 1}: bare {bare:,.0f}/s, worker {ours:,.0f}/s, ratio {ours / bare:.3f}",
                flush=True,
            )


def fill(bootstrap: str, kafka: Kafka) -> None:
    """Submit the backlog: 1,000 keys, some 250 bytes each."""
    task_type = work_type(TOPIC)
    for number in range(ROUNDS):
        worker = with_topics(make_worker(bootstrap, f"bench-{number}"))
        create_family(kafka, worker, PARTITIONS, task_topic=number == 0)
    works = [Work(number=n, key=f"key-{n % 1_000}") for n in range(TASKS)]
    settings = ProducerSettings(bootstrap_servers=bootstrap, queue_size=100_000)
    with Producer(settings) as producer:
        started = time.perf_counter()
        producer.submit_many(task_type, works, durability=Durability.ASYNC)
        producer.flush()
        print(f"submitted {TASKS} tasks at {TASKS / (time.perf_counter() - started):,.0f}/s")


def run(side: str, bootstrap: str, number: int) -> float:
    """Tasks per second of one side, measured in a process of its own."""
    command = [sys.executable, "-m", "bench.consume", side, bootstrap, f"bench-{number}"]
    with Path(os.devnull).open("w") as quiet:
        found = subprocess.run(command, check=True, stdout=quiet, stderr=subprocess.PIPE, text=True)
    return float(found.stderr.strip().splitlines()[-1])


def make_worker(bootstrap: str, group: str) -> Worker:
    return Worker(group, WorkerSettings(bootstrap_servers=bootstrap, health_port=None))


def with_topics(worker: Worker) -> Worker:
    """The worker with a handler, so that it has topics to speak of."""
    worker.task(work_type(TOPIC))(lambda _work: None)
    return worker


def worker_side(bootstrap: str, group: str) -> float:
    """A worker as it comes, with its log lines, commits and metrics."""
    seen: list[float] = []
    worker = make_worker(bootstrap, group)

    def handle(_work: Work) -> None:
        seen.append(time.perf_counter())
        if len(seen) == TASKS:
            worker.stop()

    worker.task(work_type(TOPIC))(handle)
    worker.run()
    return TASKS / (max(seen) - min(seen))


def bare_side(bootstrap: str, group: str) -> float:
    """`consume` in a loop, and the same validation."""
    task_type: TaskType[Work] = work_type(TOPIC)
    consumer = Consumer({
        "bootstrap.servers": bootstrap,
        "group.id": f"bare-{group}",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "fetch.queue.backoff.ms": 5,
    })  # fmt: skip
    consumer.subscribe([TOPIC])
    seen: list[float] = []
    while len(seen) < TASKS:
        for message in consumer.consume(1_000, 0.05):
            decode(Record(TOPIC, message.key(), message.value()), task_type)
            seen.append(time.perf_counter())
    consumer.close()
    return TASKS / (max(seen) - min(seen))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sides = {"bare": bare_side, "worker": worker_side}
        print(sides[sys.argv[1]](*sys.argv[2:]), file=sys.stderr)
    else:
        main()
