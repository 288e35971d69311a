"""Fairness of the desk, played through in rounds: in each, every slot runs one attempt to its end."""

from collections.abc import Iterable
from itertools import count
from random import Random

from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.end import Done
from tests.arrivals import arrival, partition

SLOTS = 16


def make_desk(arrivals: Iterable[Arrival], slots: int = SLOTS) -> Desk:
    desk = Desk({Executor.THREAD: slots}, Lease(3_600), memory_wait=0)
    desk.lease.turned(0)
    desk.offer(arrivals, 0)
    return desk


def rounds(desk: Desk) -> list[list[Arrival]]:
    """What ran in each round, until nothing is left."""
    played = []
    while round_ := [taken for _ in range(SLOTS) if (taken := desk.take(Executor.THREAD, 0, 0)) is not None]:
        for each in round_:
            desk.settle(each, Done(), 0)
        played.append(round_)
    return played


def test_a_hot_key_does_not_starve_the_others() -> None:
    """Of 5,000 tasks with Zipf keys every sixth is of one key: the rest does not wait for it."""
    weights = [1 / rank for rank in range(1, 201)]
    keys = Random(4).choices(range(200), weights, k=5_000)
    source = partition()
    tasks = [arrival(source, offset, lane=key) for offset, key in enumerate(keys)]
    with_it = rounds(make_desk(tasks))
    without_it = rounds(make_desk(task for task in tasks if task.lane != 0))
    others_end = max(number for number, each in enumerate(with_it, 1) if any(task.lane != 0 for task in each))
    assert others_end < 1.25 * len(without_it)
    assert len(with_it) < 1.25 * keys.count(0)


def test_a_deep_backlog_fetched_one_partition_at_a_time_keeps_all_partitions_busy() -> None:
    """10,000 records of one partition came first; the others' first ones run in the next round, not after them."""
    sources = [partition(number) for number in range(8)]
    offsets = count()
    deep = [arrival(sources[0], next(offsets), lane=next(offsets)) for _ in range(10_000)]
    later = [arrival(source, next(offsets), lane=next(offsets)) for source in sources[1:] for _ in range(100)]
    played = rounds(make_desk([*deep, *later]))
    for round_ in played[:50]:
        assert {each.partition for each in round_} == set(sources)


def test_a_chatty_task_type_does_not_starve_a_quiet_one() -> None:
    """They share a topic, its partitions and the pool."""
    source = partition()
    chatty = [arrival(source, offset, lane=offset) for offset in range(1_000)]
    quiet = [arrival(source, offset, lane=offset) for offset in range(1_000, 1_010)]
    for each in quiet:
        each.task_type = "quiet"
    played = rounds(make_desk([*chatty, *quiet]))
    assert sum(each in quiet for round_ in played[:2] for each in round_) == len(quiet)


def test_a_partition_that_leaves_costs_what_it_holds() -> None:
    """A revoke holds the one lock meanwhile: it must not look at all that stays."""
    staying, leaving = partition(0), partition(1)
    looked_at = 0

    class Seen(Arrival):
        """Counts how often its partition is asked for."""

        def __getattribute__(self, name: str) -> object:
            nonlocal looked_at
            looked_at += name == "partition"
            return super().__getattribute__(name)

    def seen(each: Arrival) -> Arrival:
        return Seen(each.record, each.partition, each.lane, each.state, due=each.due)

    stays = [seen(arrival(staying, offset, lane=offset)) for offset in range(5_000)]
    leaves = [seen(arrival(leaving, offset, lane=offset)) for offset in range(10)]
    for early in (*stays[:2_000], *leaves[:5]):
        early.due = 1_000
    desk = make_desk([*stays, *leaves])
    looked_at = 0
    desk.withdraw([leaving])
    assert looked_at < 200
    assert desk.counts() == (0, 3_000, 2_000, 0, 0)
