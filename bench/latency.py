"""How long a task takes from when it should have been sent until it is done, at a rate that leaves room.

RATE= tasks a second (2,000), 100 µs of processor each; the first WARM=5,000 are not counted, the 20,000 after them
(TASKS=) are. Each carries the moment at which its turn to be sent was, not that at which it was sent: a stall of the
sender, the broker or the worker makes all tasks late that were due meanwhile, and none of them is left out
(coordinated omission). The sides take turns, ROUNDS= times (3), each in a process of its own.
"""

import json
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import Any, Self

from confluent_kafka import Producer

from bench.meter import say
from bench.plan import Plan
from bench.sides.ours import create_topics, make_worker
from bench.sides.polling import Poll
from bench.tasks import Order, decoded, order, task_type
from bench.work import make_work
from stillframe.schemas import Task, encode, uuid7
from tests.kafka import Kafka, create_topic, shared_kafka
from tests.kafka.topics import unique_name

RATE = float(os.environ.get("RATE", "2000"))
WARM = int(os.environ.get("WARM", "5000"))
TASKS = int(os.environ.get("TASKS", "20000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
KEYS = 1_000
SIDES = ("bare", "stillframe")
PERCENTILES = {"p50": 499, "p90": 899, "p99": 989, "p99.9": 998}
#: The number of a task that asks whether a side is there, and how the side answers.
PROBE, READY = -1, "ready"
PROBE_EVERY = 0.2
PATIENCE = 120


def main(kafka: Kafka) -> list[dict[str, Any]]:
    """A row for each side: medians over the rounds, in milliseconds."""
    found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for number in range(ROUNDS):
        for side in SIDES:
            found[side].append(measured(kafka, side))
            shown = ", ".join(f"{name} {value:.2f} ms" for name, value in found[side][-1].items())
            print(f"round {number + 1}: latency: {side}: {shown}", flush=True)
    return [
        {"side": side, **{f"{name}, ms": median(each[name] for each in rounds) for name in PERCENTILES}}
        for side, rounds in found.items()
    ]


def measured(kafka: Kafka, side: str) -> dict[str, float]:
    """Start a side, then send at the rate; its percentiles."""
    topic = create_topic(kafka.bootstrap_servers, unique_name(f"bench-latency-{side}"), partitions=8)
    plan = Plan(
        bootstrap=kafka.bootstrap_servers,
        topic=topic,
        group=unique_name(side),
        work="busy",
        milliseconds=0.1,
        records=WARM + TASKS,
        warm_up=0,
        seconds=0,
    )
    with Running(plan, side) as running:
        with Sender(plan) as sender:
            sender.probe(until=running.ready)
            sender.send()
        return running.figures()


class Running:
    """The process of a side: when it is there, and what it has found."""

    def __init__(self, plan: Plan, side: str) -> None:
        command = [sys.executable, "-m", "bench.latency", plan.to_json(), side]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._reader = threading.Thread(target=self._read)
        self._figures = ""
        self.ready = threading.Event()

    def _read(self) -> None:
        """Among its lines are a worker's own."""
        for line in self._process.stdout or ():
            if line.strip() == READY:
                self.ready.set()
            elif line.startswith('{"p50"'):
                self._figures = line

    def figures(self) -> dict[str, float]:
        self._process.wait(PATIENCE)
        self._reader.join()
        if not self._figures:
            raise RuntimeError("the side has ended without figures")
        found: dict[str, float] = json.loads(self._figures)
        return found

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._reader.join()


class Sender:
    """Sends tasks that carry the moment of their turn."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._producer = Producer({"bootstrap.servers": plan.bootstrap, "enable.idempotence": True, "linger.ms": 0})

    def probe(self, until: threading.Event) -> None:
        """One task now and then, until a side has joined its group and handles them."""
        give_up = time.monotonic() + PATIENCE
        while not until.wait(PROBE_EVERY):
            if time.monotonic() > give_up:
                raise RuntimeError(f"the side does not handle anything within {PATIENCE} s")
            self._produce(PROBE, 0.0)

    def send(self) -> None:
        """Each task at its turn; those whose turn has passed, at once."""
        begin = time.time() + 1
        for number in range(self._plan.records):
            due = begin + number / RATE
            if (early := due - time.time()) > 0:
                time.sleep(early)
            self._produce(number, due)

    def _produce(self, number: int, due: float) -> None:
        """The moment travels as the payload's price, which nobody needs here."""
        work = order(number, number % KEYS).model_copy(update={"price": due})
        wire = encode(Task(uuid7(), "order", work, datetime.now(UTC), key=work.customer.encode()))
        self._producer.produce(self._plan.topic, wire.value, wire.key, headers=list(wire.headers))
        self._producer.poll(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._producer.flush(PATIENCE)


class Stopwatch:
    """Late by the wall clock that all processes of a machine share; prints its percentiles once all are done."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._work = make_work(plan)
        self._late: list[float] = []
        self._lock = threading.Lock()

    def handle(self, each: Order) -> None:
        if each.number == PROBE:
            say(READY)
            return
        self._work()
        late = (time.time() - each.price) * 1_000
        with self._lock:
            self._late.append(late)
            if len(self._late) < self._plan.records:
                return
        cuts = quantiles(self._late[WARM:], n=1_000)
        say(json.dumps({name: cuts[index] for name, index in PERCENTILES.items()}))
        os._exit(0)


def bare(plan: Plan) -> None:
    """`poll` in a loop, our decoding, the work: one after the other."""
    watch, kind = Stopwatch(plan), task_type(plan.topic)
    for message in Poll(plan).messages():
        watch.handle(decoded(message.key(), message.value(), kind).payload)


def stillframe(plan: Plan) -> None:
    watch = Stopwatch(plan)
    worker = make_worker(plan)
    worker.task(task_type(plan.topic))(watch.handle)
    create_topics(plan, worker)
    worker.run()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"bare": bare, "stillframe": stillframe}[sys.argv[2]](Plan.of_command_line())
    else:
        with shared_kafka() as running:
            main(running)
