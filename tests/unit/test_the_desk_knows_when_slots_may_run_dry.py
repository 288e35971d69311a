"""The desk is hungry as long as some executor has fewer than two tasks to start for each of its slots."""

from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from tests.arrivals import arrival, partition

SLOTS = 4


def desk_with(*arrivals: Arrival, **more: int) -> Desk:
    desk = Desk(
        {Executor.THREAD: SLOTS, **{Executor[name]: slots for name, slots in more.items()}}, Lease(60), memory_wait=0
    )
    desk.lease.turned(0)
    desk.offer(arrivals, 0)
    return desk


def test_it_is_not_once_there_are_two_keys_for_each_slot() -> None:
    source = partition()
    tasks = [arrival(source, offset, lane=offset) for offset in range(2 * SLOTS)]
    assert desk_with(*tasks[1:]).hungry
    assert not desk_with(*tasks).hungry


def test_what_lies_behind_in_its_lane_does_not_count() -> None:
    """A hot key fills no second slot: whoever reads on may find another one."""
    source = partition()
    assert desk_with(*(arrival(source, offset, lane=0) for offset in range(1_000))).hungry


def test_what_is_not_due_does_not_count() -> None:
    source = partition()
    tasks = [arrival(source, offset, lane=offset) for offset in range(2 * SLOTS)]
    for each in tasks:
        each.due = 1_000
    assert desk_with(*tasks).hungry


def test_who_starts_nothing_more_has_nothing_ahead() -> None:
    """A worker that stops must not wait for what one thread is to end before it reads on."""
    source = partition()
    desk = desk_with(*(arrival(source, offset, lane=offset) for offset in range(100)))
    desk.stop_starting()
    assert desk.hungry


def test_another_executor_that_has_nothing_is_hungry() -> None:
    source = partition()
    tasks = [arrival(source, offset, lane=offset) for offset in range(2 * SLOTS)]
    assert desk_with(*tasks, ASYNC=100).hungry
    assert not desk_with(*tasks, ASYNC=0).hungry
