"""A worker with a group.instance.id that restarts within its session moves no partition, repeats no task (I3, I7)."""

import threading

import pytest

from stillframe.consumer import TaskContext, Worker
from stillframe.consumer.events import Event, PartitionsAssigned, PartitionsLost, PartitionsRevoked
from tests.engine.journal import Journal
from tests.engine.looking import await_commits
from tests.engine.protocols import ASSIGNOR
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

TASKS = 600
SESSION = {"session.timeout.ms": 30_000, "heartbeat.interval.ms": 500}
PROTOCOLS: dict[str, dict[str, object]] = {
    "range": {**SESSION},
    "cooperative": {**SESSION, ASSIGNOR: "cooperative-sticky"},
    "KIP-848": {"group.protocol": "consumer"},
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_static_member_restarts_without_a_rebalance(kafka: Kafka, topic_name: str, protocol: str) -> None:
    journal = Journal()
    moves: list[tuple[str, Event]] = []
    owned: dict[str, set[tuple[str, int]]] = {}
    pause = threading.Event()
    task_type = work_type(topic_name)

    def handle(work: Work, context: TaskContext) -> None:
        pause.wait(0.01)

    def worker_named(name: str) -> Worker:
        def watch(event: Event) -> None:
            if isinstance(event, PartitionsAssigned | PartitionsRevoked | PartitionsLost):
                moves.append((name, event))
            if isinstance(event, PartitionsAssigned):
                owned.setdefault(name, set()).update((each.topic, each.number) for each in event.partitions)
            elif isinstance(event, PartitionsRevoked):
                owned[name] -= {(each.topic, each.number) for each in event.partitions}

        return make_worker(
            kafka.bootstrap_servers,
            group_of(topic_name),
            task_type,
            handle,
            middleware=[journal.middleware(name)],
            listeners=[watch],
            threads=2,
            kafka={**PROTOCOLS[protocol], "group.instance.id": name},
        )

    stays = worker_named("stays")
    create_family(kafka, stays)
    with running(stays):
        with running(worker_named("restarts")):
            wait_until(
                lambda: len(owned.get("restarts", ())) == 8 and len(owned.get("stays", ())) == 8,
                timeout=60,
                describe="both to have their half of the partitions",
            )
            works = [Work(number=n, key=f"k{n % 60}") for n in range(TASKS)]
            acknowledged = submit(kafka.bootstrap_servers, task_type, works)
            wait_until(lambda: len(journal.entries) > TASKS / 10, timeout=40, describe="both to be at work")
        before, half = len(moves), owned.pop("restarts")
        with running(worker_named("restarts")):
            wait_until(lambda: owned.get("restarts") == half, timeout=40, describe="it to have the same half again")
            wait_until(lambda: len(journal.done) == TASKS, timeout=60, describe="all tasks to be done")
            await_commits(kafka.bootstrap_servers, group_of(topic_name), topic_name)
            assert [name for name, _ in moves[before:]] == ["restarts"]
    assert journal.done == set(acknowledged)
    assert journal.duplicates == set()
