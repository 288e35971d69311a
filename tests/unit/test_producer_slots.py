"""The bounded queue's places: for threads and coroutines, first come, first served, none ever lost."""

import asyncio
import threading
from collections.abc import Callable, Sized
from concurrent.futures import ThreadPoolExecutor

import pytest

from stillframe.producer.slots import Slots
from tests.timing import takes
from tests.waiting import wait_until


def test_places_run_out_and_come_back() -> None:
    """As many as there are, no more; a place given back can be taken again."""
    slots = Slots(2)
    assert [slots.acquire(0) for _ in range(3)] == [True, True, False]
    slots.release()
    assert slots.acquire(0)
    assert not slots.acquire(0)


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.2])
def test_a_wait_ends_at_its_deadline(seconds: float) -> None:
    """A full queue holds a thread, and a coroutine, as long as it said."""
    slots = Slots(1)
    slots.acquire(0)
    waits: list[Callable[[], bool]] = [
        lambda: slots.acquire(seconds),
        lambda: asyncio.run(slots.acquire_async(seconds)),
    ]
    for wait in waits:
        with takes(seconds, at_least=seconds):
            assert not wait()


def test_a_freed_place_goes_to_whoever_waits_longest() -> None:
    """In the order of coming, threads and coroutines mixed; whoever comes late cannot overtake."""
    slots = Slots(1)
    slots.acquire(0)
    order: list[int] = []

    async def wait_async(number: int) -> None:
        assert await slots.acquire_async(10)
        order.append(number)

    def wait(number: int) -> None:
        if number % 2:
            asyncio.run(wait_async(number))
        else:
            assert slots.acquire(10)
            order.append(number)

    threads = []
    for number in range(6):
        threads.append(threading.Thread(target=wait, args=(number,)))
        threads[-1].start()
        await_length(slots._waiting, number + 1)
    for number in range(6):
        slots.release()
        assert not slots.acquire(0)
        await_length(order, number + 1)
    for thread in threads:
        thread.join(5)
    assert order == list(range(6))


def await_length(things: Sized, length: int) -> None:
    wait_until(lambda: len(things) == length, describe=f"{length} of them")


async def _blocked(slots: Slots) -> asyncio.Task[bool]:
    waiting = len(slots._waiting)
    task = asyncio.create_task(slots.acquire_async(10))
    await asyncio.sleep(0)
    assert len(slots._waiting) == waiting + 1
    return task


def test_a_cancelled_coroutine_takes_no_place() -> None:
    """Whether it is cancelled before a place is given or in the same turn of the loop."""

    async def scenario() -> None:
        slots = Slots(1)
        slots.acquire(0)
        early, late, heir = [await _blocked(slots) for _ in range(3)]
        early.cancel()
        slots.release()
        late.cancel()  # its place is given, and it has not run since
        assert await heir
        slots.release()
        assert slots.acquire(0)
        assert not slots.acquire(0)
        assert [task.cancelled() for task in (early, late)] == [True, True]

    asyncio.run(scenario())


def test_a_place_given_at_the_deadline_is_used() -> None:
    """A place that comes in the very moment of giving up is either taken or still there: never lost."""
    for attempt in range(300):
        slots = Slots(1)
        slots.acquire(0)
        releaser = threading.Timer(0.001, slots.release)
        releaser.start()
        wait = 0.001 + (attempt % 10) * 1e-5
        taken = slots.acquire(wait) if attempt % 2 else asyncio.run(slots.acquire_async(wait))
        releaser.join()
        assert slots.acquire(0) is not taken


def test_waiting_coroutines_hold_no_thread() -> None:
    """Hundreds wait in one event loop, and are all served."""

    async def scenario() -> int:
        slots = Slots(1)
        slots.acquire(0)
        threads = threading.active_count()
        tasks = [await _blocked(slots) for _ in range(300)]
        assert threading.active_count() == threads
        for _ in tasks:
            slots.release()
        return sum(await asyncio.gather(*tasks))

    assert asyncio.run(scenario()) == 300


def test_closing_turns_everyone_away() -> None:
    """Who waits, and who comes later; giving back afterwards is harmless."""
    slots = Slots(1)
    slots.acquire(0)
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(slots.acquire, 10) for _ in range(3)]
        wait_until(lambda: len(slots._waiting) == 3, describe="three to wait")
        slots.close()
        assert [future.result(5) for future in waiting] == [False] * 3
    slots.release()
    assert not slots.acquire(0)
    assert not asyncio.run(slots.acquire_async(0))


class Holders:
    """Counts who holds a place, and the most there ever were."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = self.most = 0

    def __enter__(self) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.now -= 1


def test_threads_and_coroutines_never_exceed_the_bound() -> None:
    """Under load from both kinds the number of holders stays within the size, and all places come back."""
    slots, holders = Slots(5), Holders()

    def hold_in_turn() -> None:
        for _ in range(500):
            if slots.acquire(0.01):
                with holders:
                    pass
                slots.release()

    async def ahold_in_turn() -> None:
        for _ in range(100):
            if await slots.acquire_async(0.01):
                with holders:
                    await asyncio.sleep(0)
                slots.release()

    async def many() -> None:
        await asyncio.gather(*(ahold_in_turn() for _ in range(20)))

    threads = [threading.Thread(target=hold_in_turn) for _ in range(4)]
    threads.append(threading.Thread(target=lambda: asyncio.run(many())))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert 0 < holders.most <= 5
    assert [slots.acquire(0) for _ in range(6)] == [True] * 5 + [False]
