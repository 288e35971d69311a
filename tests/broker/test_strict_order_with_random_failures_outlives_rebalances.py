"""STRICT, with failures at random and three rebalances: of each key, what succeeds does so in source order (I4)."""

from random import Random

from stillframe.consumer import Retry, RetryAfter, RetryOrder, TaskContext, Worker
from stillframe.consumer.events import Event, PartitionsAssigned
from tests.engine.journal import Journal
from tests.engine.looking import await_commits
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

KEYS, PARTITIONS = 24, 6
#: Tasks of each key that are submitted before the group changes.
DEPTH = 12
#: The share of attempts that fail, which makes 2.5 attempts a task, and the longest wait after one in seconds.
FAILS, LONGEST = 0.6, 0.3


def test_strict_order_with_random_failures_outlives_rebalances(kafka: Kafka, topic_name: str) -> None:
    """Two workers join one, and then the second leaves: every time, with failed heads and those behind them."""
    bootstrap, group, task_type = kafka.bootstrap_servers, group_of(topic_name), work_type(topic_name)
    journal, assigned, sent = Journal(), set[str](), list[str]()

    def handle(work: Work, context: TaskContext) -> None:
        chance = Random(f"{work.number} {context.attempt}")
        if chance.random() < FAILS:
            raise RetryAfter(chance.uniform(0, LONGEST))

    def worker(name: str) -> Worker:
        def watch(event: Event) -> None:
            if isinstance(event, PartitionsAssigned) and event.partitions:
                assigned.add(name)

        return make_worker(
            bootstrap, group, task_type, handle, middleware=[journal.middleware(name)], listeners=[watch],
            retry=Retry(max_attempts=100), retry_order=RetryOrder.STRICT,
        )  # fmt: skip

    def load(newest: str) -> None:
        """More for every key, and some of it done, by the newest worker too."""
        before = len(journal.done)
        works = [Work(number=len(sent) + n, key=f"k{n % KEYS}") for n in range(DEPTH * KEYS)]
        sent.extend(submit(bootstrap, task_type, works))
        wait_until(
            lambda: len(journal.done) > before + KEYS and any(entry.worker == newest for entry in journal.entries),
            timeout=30, describe=f"some of it to be done, and some by the {newest} worker",
        )  # fmt: skip

    def await_worker(name: str) -> None:
        wait_until(lambda: name in assigned, timeout=30, describe=f"the {name} worker to get partitions")

    first, second, third = worker("first"), worker("second"), worker("third")
    create_family(kafka, first, PARTITIONS)
    with running(first):
        load("first")
        with running(third):
            await_worker("third")
            load("third")
            with running(second):
                await_worker("second")
                load("second")
            await_commits(bootstrap, group, topic_name, PARTITIONS, timeout=60)

    assert journal.done == set(sent)
    assert journal.duplicates == set()
    assert journal.overlaps(anywhere=True) == []
    assert journal.inversions(anywhere=True) == []
    assert {entry.worker for entry in journal.entries} == {"first", "second", "third"}
    number_of = {task: number for number, task in enumerate(sent)}
    for key in range(KEYS):
        done = [entry for entry in journal.entries if not entry.failed and entry.key == f"k{key}".encode()]
        order = [number_of[entry.task_id] for entry in sorted(done, key=lambda entry: entry.started)]
        assert order == list(range(key, len(sent), KEYS))
