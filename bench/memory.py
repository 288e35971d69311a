"""How much memory a worker takes at most, with the limits as they come and a backlog deeper than they allow.

Each scenario is a worker in a process of its own; the kernel tells the largest resident set it has had. What a
worker holds is what its ledgers count: value, key and headers of every task that has not ended.
BACKLOG= is the number of small tasks (1,000,000), LARGE= that of tasks of nearly a megabyte (1,000).
"""

import json
import math
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from confluent_kafka import Producer

from stillframe.consumer import Worker, WorkerSettings
from stillframe.consumer.events import Event, Turned
from stillframe.schemas import Encoded, Task, encode, uuid7
from tests.engine.topics import create_family
from tests.engine.work import Work, work_type
from tests.kafka import Kafka, shared_kafka
from tests.waiting import wait_until

BACKLOG = int(os.environ.get("BACKLOG", "1000000"))
LARGE = int(os.environ.get("LARGE", "1000"))
KEYS = 1_000
STUCK = "stuck"
MEGABYTE = 2**20
#: The budget, in bytes: a process with its imports and the client's queue, and what each task takes that is held,
#: for each byte of it and besides.
PROCESS, EACH_BYTE, EACH_TASK = 220 * MEGABYTE, 1.5, 2 * 1_024
#: Seconds for which the worker takes in nothing and ends nothing: its limits are reached.
STEADY = 10


@dataclass(frozen=True)
class Scenario:
    """A backlog, and what its handlers make of it.

    Attributes:
        tasks: how many lie there; none is a worker with nothing to do.
        padding: bytes of a payload, besides its few fields.
        stuck: tells which tasks never end.
    """

    name: str
    tasks: int
    padding: int
    partitions: int
    stuck: Callable[[Work], bool]


def nothing(_work: Work) -> bool:
    return False


def everything(_work: Work) -> bool:
    return True


def one_key(work: Work) -> bool:
    return work.key == STUCK


SCENARIOS = (
    Scenario("nothing to do", 0, 0, 8, nothing),
    Scenario("small tasks, done at full speed", BACKLOG, 1, 8, nothing),
    Scenario("small tasks, none of them ends", BACKLOG, 1, 8, everything),
    Scenario("900 kB tasks, done at full speed", LARGE, 900_000, 8, nothing),
    Scenario("900 kB tasks, none of them ends", LARGE, 900_000, 8, everything),
    Scenario("one task never ends, small ones behind it", BACKLOG, 1, 1, one_key),
)


def main() -> None:
    """Print for each scenario what the worker held at most, and what that took."""
    with shared_kafka() as kafka:
        for number, scenario in enumerate(SCENARIOS):
            topic = f"bench-memory-{number}"
            fill(kafka, topic, scenario)
            found = measure(kafka.bootstrap_servers, topic, number)
            budget = PROCESS + EACH_BYTE * found["bytes"] + EACH_TASK * found["records"]
            print(
                f"{scenario.name}: {found['done']:,.0f} done, held {found['records']:,.0f} tasks of "
                f"{found['bytes'] / MEGABYTE:.0f} MiB; resident {found['resident'] / MEGABYTE:.0f} MiB "
                f"(at most {budget / MEGABYTE:.0f})",
                flush=True,
            )


def fill(kafka: Kafka, topic: str, scenario: Scenario) -> None:
    """One task of each key made once and written again and again: the worker does not mind."""
    worker = Worker(topic, WorkerSettings(bootstrap_servers=kafka.bootstrap_servers, health_port=None))
    worker.task(work_type(topic))(lambda _work: None)
    create_family(kafka, worker, scenario.partitions)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "linger.ms": 50})

    @cache
    def made(key: str) -> Encoded:
        work = Work(number=0, key=key, padding="x" * scenario.padding)
        return encode(Task(uuid7(), work_type(topic).name, work, datetime.now(UTC), key=key.encode()))

    for number in range(scenario.tasks):
        wire = made(f"key-{number % KEYS}" if number else STUCK)
        while True:
            try:
                producer.produce(topic, wire.value, wire.key, headers=list(wire.headers))
            except BufferError:
                producer.poll(0.1)
            else:
                break
    producer.flush()


def measure(bootstrap: str, topic: str, number: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.memory", bootstrap, topic, str(number)]
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return {name: float(value) for name, value in json.loads(found.stdout.splitlines()[-1]).items()}


class Watch:
    """What the worker holds, and since when it has been the same."""

    def __init__(self) -> None:
        self.most_bytes = self.most_records = self.done = 0
        self.since = math.inf
        self._last = (-1, 0, 0)

    def __call__(self, event: Event) -> None:
        if not isinstance(event, Turned) or not event.partitions:
            return
        ledgers = [each.ledger for each in event.partitions]
        held = (sum(each.bytes for each in ledgers), sum(each.unfinished for each in ledgers), self.done)
        if held != self._last:
            self._last, self.since = held, time.monotonic()
        self.most_bytes, self.most_records = max(self.most_bytes, held[0]), max(self.most_records, held[1])


def worker_side(bootstrap: str, topic: str, scenario: Scenario) -> None:
    """Run until everything is done or the limits are reached; print what was seen."""
    watch, end = Watch(), threading.Event()
    settings = WorkerSettings(bootstrap_servers=bootstrap, health_port=None, log_level="warning", grace=1)
    worker = Worker(topic, settings, listeners=[watch])

    @worker.task(work_type(topic))
    def handle(work: Work) -> None:
        if scenario.stuck(work):
            end.wait()
        watch.done += 1

    running = threading.Thread(target=worker.run, daemon=True)
    running.start()
    wait_until(
        lambda: time.monotonic() - watch.since >= STEADY,
        timeout=3_600,
        every=0.1,
        describe="the worker to stand still",
    )
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak
    print(json.dumps({
        "resident": int(peak[1]) * 1024,
        "bytes": watch.most_bytes,
        "records": watch.most_records,
        "done": watch.done,
    }))  # fmt: skip
    end.set()
    worker.stop()
    running.join()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        worker_side(sys.argv[1], sys.argv[2], SCENARIOS[int(sys.argv[3])])
    else:
        main()
