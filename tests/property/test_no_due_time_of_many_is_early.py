"""A hundred thousand due times, while the wall clock jumps and partitions leave: none starts early, or late (I5).

As they come about in a worker: read ahead from a retry topic, up to its bound, or of a failure that waits in memory.
Both in bulk; what any order of single events can do is the state machines' to find. DUES=1000000 makes it a million,
and takes half a minute.
"""

import os
from collections.abc import Iterator
from random import Random

import pytest

from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.classify import Failure
from stillframe.consumer.outcome.end import Done, Retry
from stillframe.schemas.topics import DEFAULT_TIERS
from tests.arrivals import arrival, partition

DUES, WORLDS = int(os.environ.get("DUES", "100000")), 4
#: How many wait at a time, as a partition's bound has it, and how many come at once.
READ_AHEAD, FEW = 10_000, 1_000
PARTITIONS = 4
MEMORY_WAIT = 10_000
HOUR = 3_600_000
FAILURE = Failure("ValueError", "", "", permanent=False)
#: Of so many one fails, and waits in memory; after so many steps the clock jumps an hour, or a partition leaves.
FAILS, JUMPS, LEAVES = 4, 200, 300


class WrongTime(Exception):
    """It was given out early or late, or with another due time than it had."""


class World:
    """A desk whose slots are never all taken, what waits in it, and a clock on the wall."""

    def __init__(self, desk: type[Desk], seed: int) -> None:
        self.random = Random(seed)
        self.now = 1_900_000_000_000
        self.started = 0
        self.due: dict[Arrival, int] = {}
        self.desk = desk({Executor.THREAD: 1}, Lease(10.0), memory_wait=MEMORY_WAIT)
        self.desk.lease.turned(0.0)
        self.sources = [partition(number, tier=DEFAULT_TIERS[0]) for number in range(PARTITIONS)]
        self.spare: list[Arrival] = []
        self.receive(READ_AHEAD)

    def run(self, dues: int) -> None:
        """Until so many have started."""
        step = 0
        while self.started < dues:
            step += 1
            self.now += self.random.randrange(200)
            if step % JUMPS == 0:  # ahead, and when all that is here waits for that time, back again
                self.now += HOUR if step // JUMPS % 2 else -HOUR
                self.receive(FEW)
            if step % LEAVES == 0:
                self.change_hands(self.random.randrange(PARTITIONS))
            if len(self.spare) >= FEW:
                self.read_ahead()
            for started in self.start():
                self.end(started)
            if self.desk.next_due is not None and self.desk.next_due <= self.now:
                raise WrongTime("late")

    def receive(self, count: int) -> None:
        self.spare += [arrival(self.sources[0], n, lane=n % 997 or None) for n in range(count)]

    def read_ahead(self) -> None:
        for each in self.spare:
            each.partition = self.random.choice(self.sources)
            each.failed_here = False
            each.due = self.due[each] = self.now + self.random.randrange(20_000)
        self.desk.offer(self.spare, self.now)
        self.spare = []

    def start(self) -> Iterator[Arrival]:
        while (taken := self.desk.take(Executor.THREAD, self.now, 0.0)) is not None:
            due = self.due.pop(taken)
            if due > self.now:
                raise WrongTime(f"{due - self.now} ms early")
            self.started += 1
            yield taken

    def end(self, started: Arrival) -> None:
        if self.started % FAILS:
            self.desk.settle(started, Done(), self.now)
            self.spare.append(started)
            return
        self.due[started] = self.now + self.random.randrange(MEMORY_WAIT)
        self.desk.settle(started, Retry(self.due[started], FAILURE), self.now)

    def change_hands(self, number: int) -> None:
        """What waits in memory is handed over with the due time that it has; what was read ahead is read again."""
        leaving = self.sources[number]
        self.sources[number] = partition(number, tier=DEFAULT_TIERS[0])
        handed_over = self.desk.withdraw([leaving])
        gone = [each for each in self.due if each.partition is leaving]
        for each in handed_over:
            if each.state.not_before != self.due[each]:
                raise WrongTime("another one than before")
        for each in gone:
            each.partition, each.due = self.sources[number], self.due[each]
            each.failed_here = False
        self.desk.offer(gone, self.now)


@pytest.mark.parametrize("seed", range(WORLDS))
def test_no_due_time_of_many_is_early(seed: int) -> None:
    """At every moment all that is due has started, and nothing else."""
    world = World(Desk, seed)
    world.run(DUES // WORLDS)
    assert world.started >= DUES // WORLDS
    assert world.desk.counts().waiting == len(world.due)


class RoundsToTheNearestTick(Desk):
    """As a timer wheel would."""

    def release(self, now: int) -> None:
        super().release(-(-now // 10) * 10)


class BelievesTheLatestClock(Desk):
    """As one that never forgets how far the clock has been."""

    latest = 0

    def release(self, now: int) -> None:
        self.latest = max(self.latest, now)
        super().release(self.latest)


@pytest.mark.parametrize("wrong", [RoundsToTheNearestTick, BelievesTheLatestClock])
def test_an_early_start_is_noticed(wrong: type[Desk]) -> None:
    """The simulation is worth something only if it finds desks that are wrong."""
    with pytest.raises(WrongTime, match="early"):
        World(wrong, seed=1).run(DUES)
