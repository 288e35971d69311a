"""A broker that leads, and one that coordinates, give that away: nothing lost, nothing twice, no rebalance (I1)."""

from collections.abc import Callable
from functools import partial

import pytest

from stillframe.consumer import TaskContext
from stillframe.consumer.events import PartitionsLost, PartitionsRevoked
from tests.chaos.leaders import Leaders
from tests.engine.looking import await_commits
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.watch import Watch
from tests.engine.work import Work, submit, work_type
from tests.kafka import Cluster
from tests.waiting import wait_until


@pytest.mark.parametrize("own_kafka", [3], indirect=True)
def test_moved_leaders_and_coordinators_cost_nothing(own_kafka: Cluster) -> None:
    bootstrap, watch, task_type = own_kafka.bootstrap_servers, Watch(), work_type("work")

    def handle(work: Work, context: TaskContext) -> None:
        pass

    worker = make_worker(bootstrap, "g", task_type, handle, middleware=watch.middleware, listeners=watch.listeners)
    create_family(own_kafka, worker, partitions=2)
    leaders = Leaders(bootstrap)
    ids: list[str] = []

    def work() -> None:
        ids.extend(submit(bootstrap, task_type, [Work(number=n, key=f"k{n}") for n in range(100)]))
        watch.await_done(ids)

    with running(worker):
        watch.await_ready()
        work()
        for place in (partial(leaders.leader, "work", 0), partial(leaders.coordinator, "g")):
            own_kafka.terminate(before := place())
            _await_another(place, before)
            work()
            own_kafka.restart(before)
        await_commits(bootstrap, "g", "work", 2)
        watch.await_ready()
        assert not watch.seen(PartitionsLost)
        assert not watch.seen(PartitionsRevoked)
    assert watch.journal.duplicates == set()


def _await_another(place: Callable[[], int], before: int) -> None:
    wait_until(lambda: place() not in {before, -1}, timeout=30, describe="another node to take over")
