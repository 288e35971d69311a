"""How late starts what waits in a retry topic, with nothing else to do; and how much is fetched to read ahead.

One partition of one retry topic holds TASKS= records (10,000), each due EVERY= milliseconds (1) after the one before;
a worker is there before the first of them is due. ROUNDS= times (2). Late is the start of the handler, by the wall
clock that the due time is of. Fetched is what the worker's client has received from the broker, all in all, next to
a bare client that reads the same partition once.
"""

import json
import os
import statistics
import time
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from stillframe.consumer import TaskContext, Worker, WorkerSettings
from stillframe.consumer.events import Event, PartitionsAssigned
from stillframe.schemas import Record, Task, encode, uuid7
from stillframe.schemas.headers import DeliveryState, Origin, with_delivery_state
from tests.dead_letters import write
from tests.engine.running import running
from tests.engine.topics import create_family
from tests.engine.work import Work, work_type
from tests.kafka import Kafka, shared_kafka
from tests.waiting import wait_until

TASKS = int(os.environ.get("TASKS", "10000"))
EVERY = float(os.environ.get("EVERY", "1"))
ROUNDS = int(os.environ.get("ROUNDS", "2"))
#: Milliseconds until the first record is due: the worker joins meanwhile, and the others are made.
LEAD = 8_000 + TASKS // 2
STATISTICS_EVERY = 200
#: What is to be reached: milliseconds, and times what lies in the topic.
P50, P99, FETCHED = 10, 50, 1.5


class Received:
    """Bytes that a client has received from all brokers, as its statistics tell it."""

    def __init__(self) -> None:
        self.bytes = self.told = 0

    def __call__(self, told: str) -> None:
        self.bytes = sum(broker["rxbytes"] for broker in json.loads(told)["brokers"].values())
        self.told += 1

    @property
    def properties(self) -> dict[str, Any]:
        return {"statistics.interval.ms": STATISTICS_EVERY, "stats_cb": self}

    def so_far(self) -> int:
        """Up to now, where another thread polls the client."""
        enough = self.told + 2
        wait_until(lambda: self.told >= enough, describe="the client's statistics")
        return self.bytes


class Round:
    """A worker, and the records that wait for it in the first of its retry topics."""

    def __init__(self, kafka: Kafka) -> None:
        self._bootstrap = kafka.bootstrap_servers
        self._received = Received()
        self._first_due = 0
        self._ready_at = 0.0
        self._type = work_type(f"bench-ladder-{time.time_ns()}")
        self._worker = Worker("bench", self._settings(), listeners=[self._watch])
        self._worker.task(self._type)(self._handle)
        create_family(kafka, self._worker, partitions=1)
        (family,) = self._worker.families()
        self._topic = next(iter(family.retry_topics))
        #: Milliseconds by the record's number, and times what lies in the topic.
        self.late: dict[int, float] = {}
        self.fetched = 0.0

    def play(self) -> None:
        """Fill the topic and let the worker empty it."""
        self._first_due = time.time_ns() // 1_000_000 + LEAD
        write(self._bootstrap, [self._record(number) for number in range(TASKS)])
        with running(self._worker):
            limit = (LEAD + TASKS * EVERY) / 1_000 + 60
            wait_until(lambda: len(self.late) == TASKS, timeout=limit, every=0.5, describe="all of them to start")
            received = self._received.so_far()
        if self._ready_at >= self._first_due:
            raise AssertionError("the first was due before the worker was there: LEAD is too short for this machine")
        self.fetched = received / read_once(self._bootstrap, self._topic)

    def _settings(self) -> WorkerSettings:
        received = self._received

        class Measured(WorkerSettings):
            """Settings take no functions."""

            def consumer_properties(self, group: str) -> dict[str, Any]:
                return super().consumer_properties(group) | received.properties

        return Measured(bootstrap_servers=self._bootstrap, health_port=None)

    def _watch(self, event: Event) -> None:
        if isinstance(event, PartitionsAssigned) and event.partitions and not self._ready_at:
            self._ready_at = time.time() * 1_000

    def _handle(self, work: Work, _context: TaskContext) -> None:
        self.late.setdefault(work.number, time.time_ns() / 1_000_000 - self._due(work.number))

    def _due(self, number: int) -> int:
        return self._first_due + round(number * EVERY)

    def _record(self, number: int) -> Record:
        """As a worker has written it after a failure."""
        key = f"key-{number % 1_000}"
        task = Task(uuid7(), self._type.name, Work(number=number, key=key), datetime.now(UTC), key=key.encode())
        due, origin = self._due(number), Origin(self._type.topic, 0, number)
        state = DeliveryState(attempt=2, not_before=due, first_failed_at=due - 60_000, origin=origin)
        wire = encode(task)
        return Record(self._topic, wire.key, wire.value, with_delivery_state(wire.headers, state), 0)


def read_once(bootstrap: str, topic: str) -> int:
    """Bytes that a bare client receives to read the records from the first to the last."""
    received = Received()
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bare", **received.properties})
    consumer.assign([TopicPartition(topic, 0, 0)])
    read = 0

    def poll() -> bool:
        nonlocal read
        read += len(consumer.consume(1_000, 0.05))
        return read >= TASKS

    wait_until(poll, timeout=60, describe="the topic to be read")
    enough = received.told + 2
    wait_until(lambda: poll() and received.told >= enough, describe="the client's statistics")
    consumer.close()
    return received.bytes


def main() -> None:
    """Print each round's lateness and what was fetched for it, next to the bounds."""
    early = 0
    with shared_kafka() as kafka:
        for number in range(ROUNDS):
            played = Round(kafka)
            played.play()
            late = statistics.quantiles(played.late.values(), n=100)
            early += sum(each < 0 for each in played.late.values())
            print(
                f"round {number + 1}: {TASKS:,} due {EVERY:g} ms apart, late p50 {late[49]:.1f} ms (at most {P50}), "
                f"p99 {late[98]:.1f} ms (at most {P99}), fetched {played.fetched:.2f} times (at most {FETCHED})",
                flush=True,
            )
    print(f"of {ROUNDS * TASKS:,} records {early} were early (at most 0)")


if __name__ == "__main__":
    main()
