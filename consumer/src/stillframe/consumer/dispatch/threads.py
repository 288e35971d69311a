"""The bounded pool of threads that runs handlers, and the one lock around lanes and waiters.

Who does what: the poll thread offers arrivals and collects ends; the threads here take, run and
settle. A short retry goes from a thread straight into the heap and back into its lane, so its
lateness is not the poll loop's period. Nothing here touches Kafka.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable

from stillframe.consumer.dispatch.lanes import Lanes
from stillframe.consumer.dispatch.solitude import Solitude
from stillframe.consumer.errors import CrashedHandler, StuckHandlers, WorkerError
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.outcome.end import End, Retry
from stillframe.consumer.outcome.hop import after_failure
from stillframe.consumer.outcome.waiting import DueHeap

#: Seconds that the clock is trusted for: it may be set forward under a thread that waits for it.
NAP = 1.0


def epoch_milliseconds() -> int:
    return time.time_ns() // 1_000_000


class Threads:
    """``count`` named threads that run arrivals, lane by lane, and never two of a lane at once.

    Attributes:
        ends: arrivals with their ends, for the poll thread to collect; a deque is safe between threads.
        crashed: set once a handler has asked the process to end.
    """

    def __init__(
        self,
        count: int,
        run: Callable[[Arrival], End],
        *,
        memory_wait: float,
        now: Callable[[], int] = epoch_milliseconds,
    ) -> None:
        self._run = run
        self._memory_wait = round(memory_wait * 1_000)
        self._now = now
        self._lanes: Lanes[Arrival] = Lanes()
        self._waiting: DueHeap[Arrival] = DueHeap()
        self._solitude: Solitude[Arrival] = Solitude()
        self._running: set[Arrival] = set()
        self._starting = True
        self._closed = False
        self._clock_watched = False
        # One lock, three kinds of sleeper: a wake-up meant for one kind must not be spent on another.
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)  # idle threads
        self._clock = threading.Condition(self._lock)  # the one idle thread that watches the clock
        self._idle = threading.Condition(self._lock)  # the poll thread, while it drains
        self._count = count
        self._stuck = 0
        self._serial = 0
        self.ends: deque[tuple[Arrival, End]] = deque()
        self.crashed: WorkerError | None = None
        for _ in range(count):
            self._spawn()

    def offer(self, arrivals: Collection[Arrival]) -> None:
        """Schedule received arrivals: into their lane, or into the heap until they are due."""
        with self._lock:
            now = self._now()
            for arrival in arrivals:
                if arrival.due > now:
                    self._waiting.push(arrival.due, arrival)
                else:
                    self._lanes.add(arrival.lane, arrival)
            self._work.notify(len(arrivals))
            self._clock.notify()

    def withdraw(self, partitions: Collection[Partition]) -> list[Arrival]:
        """Start nothing more of these partitions; returns the retries that waited in memory."""
        leaving = set(partitions)
        with self._lock:
            for partition in leaving:
                partition.leaving = True  # what still runs may fail yet, and would wait here for a retry
            queued = self._lanes.drop(lambda arrival: arrival.partition in leaving)
            for suspect in self._solitude.drop(lambda arrival: arrival.partition in leaving):
                queued.append(suspect)
                self._lanes.open(suspect.lane)
                self._work.notify_all()
            waiting = self._waiting.drop(lambda arrival: arrival.partition in leaving)
        return [arrival for arrival in (*queued, *(arrival for _, arrival in waiting)) if arrival.failed_here]

    def stop_starting(self) -> None:
        """From now on nothing is taken, and no retry waits in memory."""
        with self._lock:
            self._starting = False

    def wait_idle(self, partitions: Collection[Partition], deadline: float) -> bool:
        """Wait, until the monotonic ``deadline``, for nothing of these partitions to be running."""
        with self._lock:
            return self._idle.wait_for(lambda: not self._of(partitions), max(0.0, deadline - time.monotonic()))

    def running(self, partitions: Collection[Partition] | None = None) -> list[Arrival]:
        with self._lock:
            return list(self._running) if partitions is None else self._of(partitions)

    def overdue(self) -> list[Arrival]:
        """Arrivals whose timeout has passed since the last call; each is told, and its slot replaced.

        Only up to as many again as there are threads: beyond that the process is beyond help, and ends.
        """
        now = time.monotonic()
        with self._lock:
            late = [a for a in self._running if a.context is not None and a.context.overdue(now)]
            cancel(late)  # under the lock: later it might be the context of a next attempt
            self._stuck += len(late)
            for arrival in late:
                self._leave(arrival)
            if self._stuck > self._count:
                self.crashed = StuckHandlers(f"{self._stuck} handlers have outlived their timeouts and hold threads")
                return late
            for _ in late:
                self._spawn()
        return late

    def counts(self) -> tuple[int, int, int]:
        """How many are running, queued, and waiting for their time."""
        with self._lock:
            return len(self._running), self._lanes.queued, len(self._waiting)

    def close(self) -> None:
        """Let idle threads end. One inside a handler is left to it: it is a daemon."""
        with self._lock:
            self._closed = True
            self._work.notify_all()
            self._clock.notify_all()

    def _of(self, partitions: Collection[Partition]) -> list[Arrival]:
        return [arrival for arrival in self._running if arrival.partition in partitions]

    def _spawn(self) -> None:
        self._serial += 1
        threading.Thread(target=self._serve, name=f"stillframe-handler-{self._serial}", daemon=True).start()

    def _serve(self) -> None:
        keeps_slot = True
        while keeps_slot and (arrival := self._take()) is not None:
            try:
                end = self._run(arrival)
            except CrashedHandler as error:
                self._give_up(arrival, error)
            except BaseException as error:  # noqa: BLE001 - a fault of ours must not eat a thread in silence
                self._give_up(arrival, CrashedHandler(f"an attempt ended in {type(error).__name__}"))
            else:
                keeps_slot = self._settle(arrival, end)

    def _take(self) -> Arrival | None:
        """The next arrival to run, or ``None`` when this thread is to end."""
        with self._lock:
            while not self._closed:
                self._release_due()
                taken = self._next() if self._starting else None
                if taken is None:
                    self._wait()
                    continue
                self._running.add(taken)
                self._pass_the_watch()
                return taken
            return None

    def _next(self) -> Arrival | None:
        def take() -> Arrival | None:
            taken = self._lanes.take()
            return None if taken is None else taken[1]

        return self._solitude.next(take, len(self._running) - self._stuck)

    def _wait(self) -> None:
        """Wait for work. Only one thread also watches the clock: else all would wake for one item."""
        due = self._waiting.next_due
        if due is None or self._clock_watched or not self._starting:
            self._work.wait()
            return
        self._clock_watched = True
        self._clock.wait(min(max(0, due - self._now()) / 1_000, NAP))
        self._clock_watched = False

    def _pass_the_watch(self) -> None:
        """This thread goes to work: whoever is idle must watch the clock in its place."""
        if len(self._waiting) and not self._clock_watched:
            self._work.notify()

    def _release_due(self) -> None:
        released = 0
        for arrival in self._waiting.pop_due(self._now()):
            self._lanes.add(arrival.lane, arrival)
            released += 1
        if released > 1:
            self._work.notify(released - 1)

    def _settle(self, arrival: Arrival, end: End) -> bool:
        """Book the end; False if this thread's slot was given away while it was stuck in the handler."""
        with self._lock:
            self._running.discard(arrival)
            replaced = arrival.context is not None and arrival.context.timed_out
            arrival.context = None
            if isinstance(end, Retry) and self._stays(arrival, end):
                arrival.state = after_failure(arrival.state, end, self._now())
                arrival.failed_here = arrival.failed_here or end.failure is not None
                self._waiting.push(end.due, arrival)
                self._clock.notify()
            else:
                self.ends.append((arrival, end))
            self._lanes.open(arrival.lane)
            self._leave(arrival)
            self._idle.notify()
            if replaced:
                self._stuck -= 1
                self._work.notify()
                self._clock.notify()
            return not replaced

    def _leave(self, arrival: Arrival) -> None:
        """It counts no longer as running, which a suspect, or everyone else, may have waited for."""
        suspect = self._solitude.suspect
        self._solitude.left(arrival)
        if suspect is not None:
            self._work.notify_all()

    def _give_up(self, arrival: Arrival, error: CrashedHandler) -> None:
        """A crash has no outcome: the offset stays unfinished and the lane closed."""
        with self._lock:
            self._running.discard(arrival)
            self.crashed = error
            self._idle.notify()

    def _stays(self, arrival: Arrival, end: Retry) -> bool:
        stays = self._starting and arrival.partition.owned and not arrival.partition.leaving
        return stays and end.due - self._now() <= self._memory_wait


def cancel(arrivals: Iterable[Arrival]) -> None:
    """Tell the handlers of these arrivals that nobody waits for them any more."""
    for arrival in arrivals:
        context = arrival.context  # may be taken away by the thread that runs it, at any moment
        if context is not None:
            context.cancel()
