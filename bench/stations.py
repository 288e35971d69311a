"""What a task that does nothing costs a worker at each of its stations, in one thread and without a broker.

RECORDS= tasks (20,000) of 1,000 keys in 8 partitions go by in batches of 200 and hands of 32, as where one thread
runs everything, ROUNDS= times (5); then as where each task is taken and settled by itself. Nothing waits, and no
thread takes the interpreter from another, so that the figures tell what Python costs, and little else. Each is the
least of all rounds: microseconds of processor time a task, and how many times as much that is as pydantic alone takes
with the same values in the same run. The client, the poll loop and the switches between threads are left out.
"""

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice
from typing import ParamSpec, TypeVar

from confluent_kafka import Message

from bench.keys import DISTRIBUTIONS, KEYS
from bench.tasks import order, task_type, validated
from stillframe.consumer import Worker, WorkerSettings
from stillframe.consumer.dispatch.attempt import Attempts
from stillframe.consumer.dispatch.circuits import Circuits
from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.hand import MOST
from stillframe.consumer.dispatch.lease import Lease, lease_clock
from stillframe.consumer.events import Events, Listener, Turned
from stillframe.consumer.executor import Executor
from stillframe.consumer.explain.insight import Insight
from stillframe.consumer.health import Health
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.intake.receive import Receiver
from stillframe.consumer.listeners.logs import Logs
from stillframe.consumer.listeners.metrics import Metrics
from stillframe.consumer.listeners.traces import Traces
from stillframe.consumer.outcome.end import End
from stillframe.consumer.progress.ledger import Ledger
from stillframe.consumer.quarantine.aftermath import noted
from stillframe.consumer.quarantine.journal import Journal, open_journal
from stillframe.schemas import Task, encode, uuid7

RECORDS = int(os.environ.get("RECORDS", "20000"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
PARTITIONS, BATCH = 8, 200
#: In the order in which a task passes them.
STATIONS = ("receive", "offer", "take", "run", "settle", "book")

KIND = task_type("bench-stations")

Given = ParamSpec("Given")
Result = TypeVar("Result")


def messages() -> Iterator[Message]:
    """As the client gives them out."""
    offsets = [0] * PARTITIONS
    for number, key in enumerate(islice(DISTRIBUTIONS["uniform"](KEYS), RECORDS)):
        partition, payload = key % PARTITIONS, order(number, key)
        wire = encode(Task(uuid7(), KIND.name, payload, datetime.now(UTC), key=payload.customer.encode()))
        yield Message(
            topic=KIND.topic,
            partition=partition,
            offset=offsets[partition],
            key=wire.key,
            value=wire.value,
            headers=list(wire.headers),
        )
        offsets[partition] += 1


class Stations:
    """The parts of a worker, put together without threads."""

    def __init__(self) -> None:
        worker = Worker("bench", WorkerSettings(bootstrap_servers="localhost:9", health_port=None))
        worker.task(KIND)(lambda _order: None)
        self._metrics = Metrics(worker.group)
        listeners: list[Listener] = [
            Logs(worker.group, file=BytesIO()),
            self._metrics,
            Health(60, []),
            Insight(worker.group, 16),
        ]
        attempts = Attempts(worker, Events(listeners).emit, around=Traces(worker.group))
        self._run = noted(attempts.run, Journal(open_journal(), [KIND.topic], 16))
        self._assignment = Assignment(worker.families())
        for number in range(PARTITIONS):
            self._assignment.add(KIND.topic, number, Ledger(0))
        self._receiver = Receiver(worker.ordering, worker.retry_order, worker.executors)
        lease = Lease(3_600)
        lease.turned(lease_clock())
        circuits = Circuits(worker.breakers, worker.topic_of)
        self._desk = Desk({Executor.THREAD: 16}, lease, memory_wait=10_000, circuits=circuits)
        #: Seconds by station.
        self.took = dict.fromkeys(STATIONS, 0.0)

    def pass_through(self, batch: list[Message], hand: int) -> None:
        """From the client to the ledger, so many taken at a time."""
        arrivals = self._timed("receive", self._receive, batch)
        self._timed("offer", self._desk.offer, arrivals, 0)
        while taken := self._timed("take", self._take, hand):
            self._timed("settle", self._settle, self._timed("run", self._run_all, taken))
        self._timed("book", self._book, arrivals)

    def _receive(self, batch: list[Message]) -> list[Arrival]:
        return [self._received(message) for message in batch]

    def _received(self, message: Message) -> Arrival:
        partition = self._assignment.get(message.topic(), message.partition())
        assert partition is not None
        arrival = self._receiver.arrival(message, partition, 0)
        partition.ledger.receive(arrival.record.offset, arrival.size)
        return arrival

    def _take(self, hand: int) -> list[Arrival]:
        first = self._desk.take(Executor.THREAD, 0, lease_clock())
        return [] if first is None else [first, *self._desk.take_behind(first, hand - 1, 0)]

    def _run_all(self, taken: list[Arrival]) -> list[tuple[Arrival, End]]:
        return [(each, self._run(each)) for each in taken]

    def _settle(self, ended: list[tuple[Arrival, End]]) -> None:
        for arrival, end in ended:
            self._desk.settle(arrival, end, 0)

    def _book(self, arrivals: list[Arrival]) -> None:
        for arrival in arrivals:
            arrival.partition.ledger.finish(arrival.record.offset)
        self._metrics(Turned((), 0, 0, 0))

    def _timed(
        self, station: str, step: Callable[Given, Result], *given: Given.args, **named: Given.kwargs
    ) -> Result:
        begin = time.thread_time()
        done = step(*given, **named)
        self.took[station] += time.thread_time() - begin
        return done


def passed(records: list[Message], hand: int) -> dict[str, float]:
    """Seconds by station that all of them take."""
    stations = Stations()
    for first in range(0, len(records), BATCH):
        stations.pass_through(records[first : first + BATCH], hand)
    return stations.took


def pydantic_alone(records: list[Message]) -> float:
    """Seconds that the least takes that anyone does with these values."""
    begin = time.thread_time()
    for message in records:
        validated(message.value(), KIND)
    return time.thread_time() - begin


def main() -> None:
    records = list(messages())
    hands: dict[int, list[dict[str, float]]] = {MOST: [], 1: []}
    alone: list[float] = []
    for _ in range(ROUNDS):
        alone.append(pydantic_alone(records))
        for hand, rounds in hands.items():
            rounds.append(passed(records, hand))
    unit = min(alone)
    print(f"pydantic alone: {unit / RECORDS * 1e6:.1f} µs a task, least of {ROUNDS} rounds of {RECORDS:,}")
    for hand, rounds in hands.items():
        print(f"taken {hand} at a time:")
        for station in STATIONS:
            show(station, min(each[station] for each in rounds), unit)
        show("all", min(sum(each.values()) for each in rounds), unit)


def show(station: str, seconds: float, unit: float) -> None:
    print(f"  {station:8} {seconds / RECORDS * 1e6:6.1f} µs {seconds / unit:6.2f} times pydantic")


if __name__ == "__main__":
    main()
