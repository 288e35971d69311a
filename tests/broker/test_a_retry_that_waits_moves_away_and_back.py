"""A partition goes to another worker and comes back while its retries wait: each runs once, when it is due (I3, I5).

One half waits in memory, and is handed to a retry topic as the partition leaves; the other half was read ahead from
there by the first worker, and is by the second one. No attempt is spent on the way.
"""

import time

from stillframe.consumer import RetryAfter, TaskContext, Worker
from stillframe.consumer.events import (
    Event,
    PartitionsAssigned,
    PartitionsLost,
    PartitionsRevoked,
    Turned,
)
from stillframe.consumer.intake.partition import Partition
from tests.engine.journal import Journal
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

TASKS = 40
PARTITIONS = 2
#: Seconds until the retries: long enough for a worker to come and go.
IN_MEMORY, IN_A_TOPIC = 9.0, 10.0
MEMORY_WAIT = 9.5
#: What a busy machine may add.
LATENESS = 2.0


class Owner:
    """A listener that knows what its worker owns, and how many arrivals wait there."""

    def __init__(self) -> None:
        self.owned: set[Partition] = set()
        self.waiting = 0

    def __call__(self, event: Event) -> None:
        match event:
            case PartitionsAssigned(partitions):
                self.owned |= set(partitions)
            case PartitionsRevoked(partitions) | PartitionsLost(partitions):
                self.owned -= set(partitions)
            case Turned():
                self.waiting = event.waiting


def test_a_retry_that_waits_moves_away_and_back(kafka: Kafka, topic_name: str) -> None:
    journal, failed_at = Journal(), dict[str, float]()
    bootstrap, task_type = kafka.bootstrap_servers, work_type(topic_name)
    first, second = Owner(), Owner()

    def handle(work: Work, context: TaskContext) -> None:
        if context.attempt == 1:
            failed_at[context.task_id] = time.time()
            raise RetryAfter(float(work.kind))

    def worker(name: str, owner: Owner) -> Worker:
        return make_worker(
            bootstrap, group_of(topic_name), task_type, handle, middleware=[journal.middleware(name)],
            listeners=[owner], memory_wait=MEMORY_WAIT, tiers=("1m",),
        )  # fmt: skip

    create_family(kafka, one := worker("first", first), PARTITIONS)
    with running(one):
        wait_until(lambda: len(first.owned) == 2 * PARTITIONS, timeout=30, describe="the first worker to own all")
        kinds = [str(IN_MEMORY if n % 2 else IN_A_TOPIC) for n in range(TASKS)]
        sent = submit(bootstrap, task_type, [Work(number=n, key=f"k{n}", kind=kind) for n, kind in enumerate(kinds)])
        wait_until(lambda: first.waiting == TASKS, timeout=10, describe="all to wait at the first worker")
        with running(worker("second", second)):
            wait_until(
                lambda: 0 < second.waiting == TASKS - first.waiting,
                timeout=20,
                describe="some to wait at the second worker, and all others at the first",
            )
        wait_until(lambda: len(first.owned) == 2 * PARTITIONS, timeout=20, describe="all to be back")
        back = time.time()
        wait_until(lambda: journal.done == set(sent), timeout=20, describe="all retries to be done")

    dues = {task: failed_at[task] + float(kind) for task, kind in zip(sent, kinds, strict=True)}
    assert back < min(dues.values()), "the machine is too slow for this scenario"
    again = {entry.task_id: entry for entry in journal.entries if not entry.failed}
    assert sorted(journal.started) == sorted((task, attempt) for task in sent for attempt in (1, 2))
    assert {(entry.worker, entry.attempt) for entry in again.values()} == {("first", 2)}
    assert all(0 <= again[task].started - due < LATENESS for task, due in dues.items())
