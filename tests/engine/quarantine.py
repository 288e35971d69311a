"""What the quarantine's scenarios share: a killer among neighbours, and what is to become of them."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.engine.looking import await_commits, read_all, task_id
from tests.engine.process import WorkerProcess
from tests.engine.running import make_worker
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Cluster, Kafka

APP: Final = "tests.engine.killer_app:worker"
#: Beside its neighbours twice, alone three times.
MOST_STARTS: Final = 2 + 3
NEIGHBOURS: Final = 12
#: A static member gets its partitions back as soon as it is restarted: no session has to end first.
STATIC: Final = json.dumps(
    {"session.timeout.ms": 10_000, "heartbeat.interval.ms": 500, "group.instance.id": "the only one"}
)


@dataclass(frozen=True)
class Story:
    """One killer among its neighbours."""

    bootstrap_servers: str
    topic: str
    killer: str
    neighbours: frozenset[str]

    @property
    def dead_letter_topic(self) -> str:
        return f"{self.topic}.{group_of(self.topic)}.dlq"

    def company(self, worker: WorkerProcess) -> list[int]:
        """For each start of the killer in this worker: how many ran beside it."""
        running: dict[int, set[str]] = defaultdict(set)
        found = []
        for line in worker.lines("start", "end"):
            beside = running[line["pid"]]
            if line["task_id"] == self.killer:
                found.append(len(beside))
            elif line["event"] == "start":
                beside.add(line["task_id"])
            else:
                beside.discard(line["task_id"])
        return found

    def must_end_well(self, workers: Sequence[WorkerProcess], partitions: int = 1, most: int = MOST_STARTS) -> None:
        """The killer is condemned after few starts, byte for byte; neighbours are done; the partition moved on."""
        group = group_of(self.topic)
        await_commits(self.bootstrap_servers, group, self.topic, partitions=partitions, timeout=240)
        (dead,) = read_all(self.bootstrap_servers, self.dead_letter_topic)
        (alive,) = (each for each in read_all(self.bootstrap_servers, self.topic) if task_id(each) == self.killer)
        assert task_id(dead) == self.killer
        assert dead.header("stillframe-error-type") == b"crashed"
        assert (dead.key, dead.value) == (alive.key, alive.value)
        assert 3 <= sum(len(self.company(worker)) for worker in workers) <= most
        assert {line["task_id"] for worker in workers for line in worker.lines("end")} == self.neighbours


def begin(
    kafka: Kafka | Cluster,
    topic: str,
    killer: str,
    neighbour: str = "0.3",
    neighbours: int = NEIGHBOURS,
    partitions: int = 1,
) -> Story:
    """Create the topics and submit the tasks, the killer in their midst and each with a key of its own."""
    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic)
    worker = make_worker(bootstrap, group_of(topic), task_type, lambda work, context: None)
    create_family(kafka, worker, partitions)
    kinds = [killer if number == neighbours // 2 else neighbour for number in range(neighbours + 1)]
    ids = submit(bootstrap, task_type, [Work(number=n, key=f"k{n}", kind=kind) for n, kind in enumerate(kinds)])
    (culprit,) = (each for each, kind in zip(ids, kinds, strict=True) if kind == killer)
    return Story(bootstrap, topic, culprit, frozenset(ids) - {culprit})
