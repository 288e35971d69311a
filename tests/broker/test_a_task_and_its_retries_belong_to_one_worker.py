"""Partition p of a topic and of all its retry topics is one worker's, at every moment of every rebalance (I4)."""

import threading
from collections import defaultdict
from contextlib import ExitStack
from functools import partial

import pytest

from stillframe.consumer import TaskContext
from stillframe.consumer.events import Event, PartitionsAssigned, PartitionsLost, PartitionsRevoked, WorkerStopped
from tests.engine.protocols import CO_LOCATING, PROTOCOLS
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

PARTITIONS = 6


class Ownership:
    """Who owns what, and every moment at which one number had two owners."""

    def __init__(self) -> None:
        self.owned: dict[str, set[tuple[str, int]]] = defaultdict(set)
        self.shared: list[str] = []
        self._lock = threading.Lock()

    def watch(self, worker: str, event: Event) -> None:
        with self._lock:
            match event:
                case PartitionsAssigned(partitions):
                    self.owned[worker] |= {(each.topic, each.number) for each in partitions}
                case PartitionsRevoked(partitions) | PartitionsLost(partitions):
                    self.owned[worker] -= {(each.topic, each.number) for each in partitions}
                case WorkerStopped():
                    self.owned[worker] = set()
            for number in range(PARTITIONS):
                owners = {name for name, owned in self.owned.items() if any(each[1] == number for each in owned)}
                if len(owners) > 1:
                    self.shared.append(f"{number}: {owners} after {event}")

    def is_even(self, workers: int) -> bool:
        """All partitions are out, and every worker has as many of each topic."""
        topics = {topic for owned in tuple(self.owned.values()) for topic, _ in tuple(owned)}
        holding = [owned for owned in self.owned.values() if owned]
        counts = {sum(each[0] == topic for each in owned) for owned in holding for topic in topics}
        return len(topics) == 4 and len(holding) == workers and counts == {PARTITIONS // workers}


@pytest.mark.parametrize("protocol", CO_LOCATING)
def test_a_task_and_its_retries_belong_to_one_worker(kafka: Kafka, topic_name: str, protocol: str) -> None:
    ownership = Ownership()
    task_type = work_type(topic_name)

    def handle(work: Work, context: TaskContext) -> None:
        """There is no task."""

    workers = [
        make_worker(
            kafka.bootstrap_servers,
            "g",
            task_type,
            handle,
            listeners=[partial(ownership.watch, name)],
            threads=1,
            kafka=PROTOCOLS[protocol],
        )
        for name in ("first", "second", "third")
    ]
    create_family(kafka, workers[0], partitions=PARTITIONS)

    def settled(count: int) -> None:
        wait_until(
            lambda: ownership.is_even(count), timeout=40, describe=f"{count} workers to share: {ownership.owned}"
        )

    with running(workers[0]):
        settled(1)
        with ExitStack() as others:
            for count, worker in enumerate(workers[1:], start=2):
                others.enter_context(running(worker))
                settled(count)
        settled(1)
    assert ownership.shared == []
