"""The desk: what waits for a lane or for its time, what runs, and what may start next.

Pure: no thread, no clock, no Kafka; times are passed in. Its shells, the executors, ask it under one lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import partial

from stillframe.consumer.dispatch.answers import Counts, Rest, Settled
from stillframe.consumer.dispatch.circuits import Change, Circuits
from stillframe.consumer.dispatch.lanes import Lanes
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.dispatch.places import Places
from stillframe.consumer.dispatch.solitude import Solitude
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.outcome.breaker import State
from stillframe.consumer.outcome.end import End, Retry
from stillframe.consumer.outcome.hop import after_failure
from stillframe.consumer.outcome.waiting import DueHeap
from stillframe.consumer.progress.strict_waits import Wait


class Desk:
    """Knows every arrival from its offer to its end.

    Times: ``now`` is epoch milliseconds, as due times are; ``clock`` is the lease's, and ``monotonic`` that
    of deadlines, both in seconds.

    Args:
        slots: how many attempts each executor runs at the same time.
        memory_wait: milliseconds that a retry waits here at most; longer ones are handed out.
        circuits: the breakers of the task types; without them none is ever held back.
    """

    def __init__(
        self,
        slots: Mapping[Executor, int],
        lease: Lease,
        *,
        memory_wait: int,
        circuits: Circuits | None = None,
    ) -> None:
        self.slots = dict.fromkeys(Executor, 0) | dict(slots)
        self._memory_wait = memory_wait
        self._lanes: Lanes[Arrival] = Lanes()
        self._waiting: DueHeap[Arrival] = DueHeap()
        # Strict ones that wait at the head of their lane, which is closed: for their time, or for a place.
        self._heads: set[Arrival] = set()
        self._places = Places()
        self._running: dict[Partition, set[Arrival]] = {}
        self._free = dict(self.slots)
        self._resting = dict.fromkeys(Executor, 0)  # slots that are not to be used for now
        self._occupied = 0  # how many run in slots, of all executors; what has outlived its timeout has none any more
        self._stuck: set[Arrival] = set()
        self._solitude: Solitude[Arrival] = Solitude()
        self._starting = True
        self.lease = lease
        self.circuits = Circuits({}) if circuits is None else circuits

    def offer(self, arrivals: Iterable[Arrival], now: int) -> None:
        """Schedule received arrivals: into their lane, or into the heap until they are due."""
        for arrival in arrivals:
            if arrival.strict and arrival.failed_here:
                self._places.reserve(arrival)
                self._lanes.add(arrival)  # it waits at its place, once it is the head
            elif arrival.due > now:
                self._waiting.push(arrival.due, arrival)
            else:
                self._lanes.add(arrival)
        self._admit()

    def take(self, executor: Executor, now: int, clock: float) -> Arrival | None:
        """The next arrival for a slot of this executor; ``None`` if none may start.

        It runs from now on, until :meth:`settle` or :meth:`give_up`.
        """
        self.release(now)
        if not self._starting or not self.lease.holds(clock) or self._room(executor) <= 0:
            return None
        suspect = self._solitude.suspect
        if suspect is not None and suspect.executor is not executor:
            return None
        arrival = self._solitude.next(partial(self._next, executor, now), self._occupied)
        if arrival is not None:
            self._starts(arrival)
            if self.circuits.unwell:
                self.circuits.started(arrival)
        return arrival

    def take_behind(self, first: Arrival, most: int, now: int) -> list[Arrival]:
        """Up to so many that the slot of the one just taken may start after it, without asking again.

        All of them run from now on, until :meth:`settle` or :meth:`take_back`.
        """
        behind: list[Arrival] = []
        if self.circuits.unwell or first.alone:  # whoever is tried, or suspected, is so by itself
            return behind
        take = partial(self._next, first.executor, now)
        while len(behind) < most and (arrival := self._solitude.next(take, self._occupied)) is not None:
            self._starts(arrival)
            behind.append(arrival)
        return behind

    def take_back(self, arrivals: Iterable[Arrival]) -> None:
        """These were taken, and have not begun: they are next again. The last that was taken comes first."""
        for arrival in arrivals:
            self._left(arrival)
            if not arrival.failed_here:  # else its place is in the commit's metadata
                self._places.leave(arrival)
            self._lanes.put_back(arrival, first=True)
        self._admit()

    def release(self, now: int) -> None:
        """Put those whose time has come into their lanes; breakers whose time has come let a few be tried."""
        if self.circuits.unwell:
            self.circuits.tick(now)
        for arrival in self._waiting.pop_due(now) if self._waiting else ():
            if arrival in self._heads:
                self._put_back(arrival)
            else:
                self._lanes.add(arrival)

    def settle(self, arrival: Arrival, end: End, now: int) -> Settled:
        """Its attempt has ended: its lane is open, and a short retry waits for its time."""
        replaced = self._left(arrival)
        change = self.circuits.ended(arrival, end, now)
        if change is not None:
            self._hold_or_let_back(change)
        if isinstance(end, Retry) and keeps_its_lane(arrival, end):
            return self._keep(arrival, end, now, replaced=replaced)
        waits = isinstance(end, Retry) and self._stays(arrival, end, now)
        if isinstance(end, Retry) and waits:
            arrival.state = after_failure(arrival.state, end, now)
            arrival.failed_here = arrival.failed_here or end.failure is not None
            self._waiting.push(end.due, arrival)
        self._lanes.open(arrival)
        if arrival.strict:
            self._places.leave(arrival)
            self._admit()
        return Settled(waits, replaced)

    def give_up(self, arrival: Arrival) -> None:
        """A crash has no outcome: the offset stays unfinished and the lane closed."""
        self._left(arrival)

    def withdraw(self, partitions: Collection[Partition]) -> list[Arrival]:
        """Start nothing more of these partitions; returns the retries that waited in memory.

        But for strict ones: these wait in the commit's metadata.
        """
        for partition in partitions:
            partition.leaving = True  # what still runs may fail yet, and would wait here for a retry
        heads = {*self._waiting.withdraw(partitions), *self._places.withdraw(partitions)}
        withdrawn = [*self._lanes.withdraw(partitions), *heads]
        for arrival in heads & self._heads:
            self._heads.remove(arrival)
            self._lanes.open(arrival)
        for suspect in self._solitude.drop(lambda arrival: arrival.partition in partitions):
            withdrawn.append(suspect)
            self._lanes.open(suspect)
        return [arrival for arrival in withdrawn if arrival.failed_here and not arrival.strict]

    def use(self, executor: Executor, slots: int) -> None:
        """From now on start no more than so many of the executor at the same time; what runs goes on."""
        self._resting[executor] = self.slots[executor] - slots

    def stop_starting(self) -> None:
        """From now on nothing is taken, and no retry waits in memory."""
        self._starting = False

    def overdue(self, monotonic: float) -> list[Arrival]:
        """Arrivals whose timeout has passed since the last call; each is told, and its slot is free again.

        A process is killed by its own slot, which is never stuck.
        """
        running = [a for a in self.running() if a.executor is not Executor.PROCESS]
        late = [a for a in running if a.context is not None and a.context.overdue(monotonic)]
        cancel(late)  # here and not later: then it might be the context of a next attempt
        for arrival in late:
            self._stuck.add(arrival)
            self._occupy(arrival.executor, -1)
            self._solitude.left(arrival)
            self.circuits.stuck(arrival)
        return late

    def beyond_help(self) -> Executor | None:
        """An executor in which more attempts than it has slots have outlived their timeouts."""
        stuck = Counter(arrival.executor for arrival in self._stuck)
        return next((executor for executor, count in stuck.items() if count > self.slots[executor]), None)

    def running(self, partitions: Collection[Partition] | None = None) -> list[Arrival]:
        """What runs, of these partitions or of all."""
        asked = self._running if partitions is None else partitions
        return [arrival for partition in asked for arrival in self._running.get(partition, ())]

    def rest(self, partition: Partition, offset: int) -> Rest | None:
        """Why the arrival at this offset does not run; ``None`` if it does, or is not here.

        A walk through what the partition holds: for those who ask, not for the work.
        """
        suspect = self._solitude.suspect
        suspects = () if suspect is None or suspect in self._running.get(partition, ()) else (suspect,)
        resting = (*self._waiting.of(partition), *self._lanes.of(partition), *self._heads, *suspects)
        for arrival in resting:
            if arrival.partition is partition and arrival.record.offset == offset:
                circuit = self.circuits.state(arrival.task_type)
                return Rest(arrival, self._waiting.due(arrival), self._before(arrival), arrival is suspect, circuit)
        return None

    def doubt(self, task_types: Iterable[str], why: str) -> None:
        """These were failing elsewhere: unless more is known here, a few are tried first."""
        for task_type in self.circuits.doubt(task_types, why):
            self._lanes.set_aside(task_type)

    def held_back(self) -> Counter[Partition]:
        """How many of each partition are held back by circuit breakers. A walk through all of them."""
        unwell = self.circuits.unwell
        return Counter(item.partition for task_type in unwell for item in self._lanes.items_aside(task_type))

    def barred(self) -> frozenset[str]:
        """The topics of which nothing could start now: of one type alone, which is held back, and has enough here
        to be tried with.
        """
        return frozenset(
            topic
            for task_type in self.circuits.unwell
            if (topic := self.circuits.alone.get(task_type)) is not None
            and any(self._lanes.size_aside(executor, task_type) for executor in Executor)
        )

    @property
    def hungry(self) -> bool:
        """Whether slots of some executor may soon have nothing to start: what is read next may be theirs."""
        return not all(self.plenty(executor) for executor, slots in self.slots.items() if slots)

    def plenty(self, executor: Executor) -> bool:
        """Whether there are two to start for each slot of the executor."""
        return self._starting and self._lanes.ready(executor) >= 2 * self.slots[executor]

    def ready(self, executor: Executor) -> int:
        """How many the executor could start now."""
        if not self._starting:
            return 0
        suspect = self._solitude.suspect
        if suspect is not None:
            return int(suspect.executor is executor and self._solitude.may_start(self._occupied))
        ready = self._lanes.ready(executor)
        if self.circuits.unwell:
            ready += self._to_be_tried(executor)
        return ready and max(0, min(ready, self._room(executor)))

    def occupied(self, executor: Executor) -> int:
        """How many run in the executor's slots, or are to run in them one after the other."""
        return self.slots[executor] - self._free[executor]

    @property
    def next_due(self) -> int | None:
        due = self._waiting.next_due
        if self.circuits.unwell and (tried := self.circuits.due) is not None:
            return tried if due is None else min(due, tried)
        return due

    def counts(self) -> Counts:
        running = sum(map(len, self._running.values()))
        behind = self._lanes.behind
        waiting = len(self._waiting) + len(self._places) + behind
        held_back = self._lanes.aside
        return Counts(running, self._lanes.queued - behind - held_back, waiting, len(self._stuck), held_back)

    def _before(self, arrival: Arrival) -> Arrival | None:
        if arrival.lane is None or arrival in self._heads:
            return None
        return next((each for each in (*self.running(), *self._heads) if each.lane == arrival.lane), None)

    def _next(self, executor: Executor, now: int) -> Arrival | None:
        """The head of the lane whose turn it is; strict ones that may not start yet are passed over."""
        while (arrival := self._draw(executor)) is not None:
            if self._may_start(arrival, now):
                return arrival
        return None

    def _draw(self, executor: Executor) -> Arrival | None:
        """What is to be tried of a type that is held back; else whose turn it is."""
        for task_type, breaker in self.circuits.unwell.items():
            if breaker.room and (arrival := self._lanes.take_aside(executor, task_type)) is not None:
                return arrival
        return self._lanes.take(executor)

    def _to_be_tried(self, executor: Executor) -> int:
        return sum(
            min(breaker.room, self._lanes.size_aside(executor, task_type))
            for task_type, breaker in self.circuits.unwell.items()
        )

    def _hold_or_let_back(self, change: Change) -> None:
        if change.state is State.CLOSED:
            self._lanes.let_back(change.task_type)
        else:
            self._lanes.set_aside(change.task_type)

    def _may_start(self, arrival: Arrival, now: int) -> bool:
        """Whether the head of a lane may start; a strict one that may not waits at its place."""
        if not arrival.strict:
            return True
        if arrival.due > now:
            self._waiting.push(arrival.due, arrival)
        elif self._places.take(arrival):
            return True
        self._hold(arrival)
        return False

    def _keep(self, arrival: Arrival, end: Retry, now: int, *, replaced: bool) -> Settled:
        """A strict retry waits at the head of its lane, however long; the poll thread books it in any case."""
        arrival.state = after_failure(arrival.state, end, now)
        arrival.due, arrival.failed_here = end.due, True
        stays = self._starting and arrival.partition.owned and not arrival.partition.leaving
        if stays:
            self._waiting.push(end.due, arrival)
            self._hold(arrival)
        else:
            self._places.leave(arrival)
            self._lanes.open(arrival)
        wait = Wait(arrival.record.offset, arrival.state.attempt, end.due, arrival.state.first_failed_at or now)
        return Settled(stays, replaced, wait)

    def _hold(self, arrival: Arrival) -> None:
        self._heads.add(arrival)
        self._lanes.hold(arrival)

    def _put_back(self, arrival: Arrival) -> None:
        self._heads.remove(arrival)
        self._lanes.put_back(arrival)

    def _admit(self) -> None:
        """Where there are places again, those that have waited for one are next."""
        for arrival in self._places.admitted():
            self._put_back(arrival)

    def _starts(self, arrival: Arrival) -> None:
        self._running.setdefault(arrival.partition, set()).add(arrival)
        self._occupy(arrival.executor, 1)

    def _left(self, arrival: Arrival) -> bool:
        """It runs no longer; True if its slot was given away while it was stuck."""
        running = self._running[arrival.partition]
        running.remove(arrival)
        if not running:
            del self._running[arrival.partition]
        arrival.context = None
        self._solitude.left(arrival)
        if arrival in self._stuck:
            self._stuck.remove(arrival)
            return True
        self._occupy(arrival.executor, -1)
        return False

    def _room(self, executor: Executor) -> int:
        """How many more may start; less than none if what runs has to become fewer first."""
        return self._free[executor] - self._resting[executor]

    def _occupy(self, executor: Executor, slots: int) -> None:
        self._free[executor] -= slots
        self._occupied += slots

    def _stays(self, arrival: Arrival, end: Retry, now: int) -> bool:
        stays = self._starting and arrival.partition.owned and not arrival.partition.leaving
        return stays and end.due - now <= self._memory_wait


def keeps_its_lane(arrival: Arrival, end: Retry) -> bool:
    """Whether a retry waits at the head of its lane. An ETA, which is none, never does."""
    return arrival.strict and (end.failure is not None or arrival.state.attempt > 1)


def cancel(arrivals: Iterable[Arrival]) -> None:
    """Tell the handlers of these arrivals that nobody waits for them any more."""
    for arrival in arrivals:
        context = arrival.context  # may be taken away by the thread that runs it, at any moment
        if context is not None:
            context.cancel()
