"""The executors: the threads that run handlers, and the one lock around the desk.

Who does what: the poll thread offers arrivals and collects ends; the threads here take, run and
settle. A short retry goes from a thread straight into the heap and back into its lane, so its
lateness is not the poll loop's period. A thread that is alone takes and settles by the hand.
Nothing here touches Kafka.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Final

from stillframe.consumer.dispatch.answers import Counts, Rest
from stillframe.consumer.dispatch.coroutines import Blocked, Coroutines
from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.elsewhere import InProcesses, OnLoop
from stillframe.consumer.dispatch.hand import Hand
from stillframe.consumer.dispatch.held_back import HeldBack
from stillframe.consumer.dispatch.lease import lease_clock
from stillframe.consumer.dispatch.pace import GLANCE
from stillframe.consumer.dispatch.processes import ProcessSlot
from stillframe.consumer.dispatch.tempo import Tempo
from stillframe.consumer.errors import CrashedHandler, StuckHandlers, WorkerError
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.outcome.end import End
from stillframe.consumer.progress.strict_waits import Wait

#: Seconds that the clock thread sleeps at most: what is due is told by the wall clock, which may be set back.
NAP = 1.0
#: Records that are read at a time while every slot has enough ahead of it: to make arrivals of a thousand takes the
#: interpreter from handlers for 20 ms, and the worker would read far ahead of what it does.
FEW: Final = 200
#: Executors whose slots are threads of ours; in those of the second kind each has a process beside it.
THREADED = (Executor.THREAD, Executor.PROCESS)


def epoch_milliseconds() -> int:
    return time.time_ns() // 1_000_000


class Executors:
    """Run arrivals as the desk gives them out: named threads for ``def`` handlers, the event loop for others.

    Args:
        run: one attempt at a ``def`` handler.
        on_loop, in_processes: where and how attempts at other handlers are run.

    Attributes:
        ends: arrivals with their ends, for the poll thread to collect; a deque is safe between threads.
        waits: strict retries, for it to note before it books ends: each was there before its arrival's end.
        held_back: what it asks about circuit breakers.
        crashed: set once a handler has asked the process to end.
    """

    def __init__(
        self,
        desk: Desk,
        run: Callable[[Arrival], End],
        *,
        on_loop: OnLoop | None = None,
        in_processes: InProcesses | None = None,
        now: Callable[[], int] = epoch_milliseconds,
        clock: Callable[[], float] = lease_clock,
    ) -> None:
        self._desk = desk
        self._run = run
        self._now = now
        self._lease_clock = clock
        self._closed = False
        # One lock, three kinds of sleeper: a wake-up meant for one kind must not be spent on another.
        self._lock = threading.Lock()
        self._work = {executor: threading.Condition(self._lock) for executor in THREADED}  # idle threads
        self._wakers: dict[Executor, Callable[[int], None]] = {
            executor: work.notify for executor, work in self._work.items() if desk.slots[executor]
        }
        self._clock = threading.Condition(self._lock)  # the thread that waits for what is due
        self._idle = threading.Condition(self._lock)  # the poll thread, while it drains
        self._serial = 0
        self.ends: deque[tuple[Arrival, End]] = deque()
        self.waits: deque[tuple[Partition, Wait]] = deque()
        self.crashed: WorkerError | None = None
        self._tempo = Tempo(self._lock)
        self._hand = Hand(desk.lease)
        self._surplus = 0  # threads of which the slots were given away, and that have not ended yet
        self.held_back = HeldBack(desk, self._lock)
        self._coroutines: Coroutines | None = None
        if on_loop is not None:
            self._run_async = on_loop.run
            on_loop.loop.escaped = self._escaped
            self._coroutines = Coroutines(on_loop.loop, partial(self._take_now, Executor.ASYNC), self._serve_async)
            self._wakers[Executor.ASYNC] = self._coroutines.poke
        for _ in range(desk.slots[Executor.THREAD]):
            self._spawn()
        self._process_slots: list[ProcessSlot] = []
        if in_processes is not None:
            for _ in range(desk.slots[Executor.PROCESS]):
                self._spawn_for_process(in_processes)
        threading.Thread(target=self._watch_the_clock, name="stillframe-clock", daemon=True).start()

    def offer(self, arrivals: Collection[Arrival]) -> None:
        """Schedule received arrivals: into their lane, or into the heap until they are due."""
        with self._lock:
            first_due = self._desk.next_due
            self._desk.offer(arrivals, self._now())
            self._wake()
            if self._desk.next_due != first_due:
                self._clock.notify()

    def withdraw(self, partitions: Collection[Partition]) -> list[Arrival]:
        """Start nothing more of these partitions; returns the retries that waited in memory."""
        with self._lock:
            self._recall()
            withdrawn = self._desk.withdraw(partitions)
            self._wake()  # perhaps all stood aside for a suspect among them, or waited behind a strict retry
            return withdrawn

    def stop_starting(self) -> None:
        """From now on nothing is taken, and no retry waits in memory."""
        with self._lock:
            self._recall()
            self._desk.stop_starting()

    def wait_idle(self, partitions: Collection[Partition], deadline: float) -> bool:
        """Wait, until the monotonic ``deadline``, for nothing of these partitions to be running."""
        with self._lock:
            self._book()
            left = max(0.0, deadline - time.monotonic())
            return self._idle.wait_for(lambda: not self._desk.running(partitions), left)

    def running(self, partitions: Collection[Partition] | None = None) -> list[Arrival]:
        with self._lock:
            self._book()
            return self._desk.running(partitions)

    def rest(self, partition: Partition, offset: int) -> Rest | None:
        """Why the arrival at this offset does not run; ``None`` if it does, or is not here."""
        with self._lock:
            return self._desk.rest(partition, offset)

    def overdue(self) -> list[Arrival]:
        """Arrivals whose timeout has passed since the last call; each is told, and its slot replaced.

        Only up to as many again as there are slots: beyond that the process is beyond help, and ends.
        """
        with self._lock:
            self._book()
            first_due = self._desk.next_due
            late = self._desk.overdue(time.monotonic())
            if self._desk.next_due != first_due:
                self._clock.notify()
            if late and self._desk.beyond_help():
                stuck = self._desk.counts().stuck
                self.crashed = StuckHandlers(
                    f"{stuck} handlers have outlived their timeouts and hold on to their slots"
                )
                return late
            for arrival in late:
                if arrival.executor is Executor.THREAD:
                    self._spawn()
            self._wake()
        return late

    def blocked(self) -> Blocked | None:
        """What keeps the event loop from going round, once each time that it is blocked."""
        return None if self._coroutines is None else self._coroutines.blocked(time.monotonic())

    def turned(self) -> float | None:
        """The poll thread goes round. Returns how long it had not, if that puts the membership in doubt."""
        with self._lock:
            return self._desk.lease.turned(self._lease_clock())

    def asks_for_proof(self) -> bool:
        """Whether a commit should go out now, to find out whether we are still a member of the group."""
        with self._lock:
            return self._desk.lease.asks(self._lease_clock())

    def proved(self, sent: float) -> bool:
        """The broker has accepted a commit that was sent then; True if that has ended a doubt."""
        with self._lock:
            proved = self._desk.lease.proved(sent)
            if proved:
                self._wake()
            return proved

    def keep_pace(self) -> None:
        """Let one thread run ``def`` handlers, or all of them, whichever does more. Once a turn."""
        with self._lock:
            if self._tempo.look(plenty=self._desk.plenty(Executor.THREAD)):
                self._regroup()

    def appetite(self) -> int | None:
        """How many records to read on now; ``None`` for as many as there are, as long as a slot may run dry.

        Of what every slot has enough of, little at a time. And where one thread does it all, not before it has ended
        most of as many: the interpreter is its own meanwhile.
        """
        if self._desk.hungry:  # asked without the lock: what was so a moment ago will do
            return None
        if self._tempo.alone:
            with self._lock:
                self._tempo.digest()
        return FEW

    def counts(self) -> Counts:
        """How many are running, queued, waiting for their time, stuck beyond their timeout, and held back."""
        with self._lock:
            self._book()
            counts, in_hand = self._desk.counts(), len(self._hand)
        return counts._replace(running=counts.running - in_hand, queued=counts.queued + in_hand)

    def doubt(self, failing: Mapping[str, Collection[int]]) -> None:
        """What commits have told of task types, by task topic: they are tried first, unless we know better."""
        with self._lock:
            self._recall()
            for topic, numbers in failing.items():
                self._desk.doubt(self._desk.circuits.named(topic, numbers), "it was failing at its last owner")
            self._wake()  # all others may have waited for what was in hand

    def close(self) -> None:
        """Let idle threads end, and kill processes. A thread inside a handler is left to it: it is a daemon."""
        with self._lock:
            self._closed = True
            self._recall()
            for work in self._work.values():
                work.notify_all()
            self._clock.notify_all()
        for slot in self._process_slots:
            slot.close()

    def _spawn(self) -> None:
        self._serial += 1
        self._start(f"stillframe-handler-{self._serial}", Executor.THREAD, self._run)

    def _spawn_for_process(self, in_processes: InProcesses) -> None:
        slot = in_processes.new_slot()
        self._process_slots.append(slot)
        name = f"stillframe-process-{len(self._process_slots)}"
        self._start(name, Executor.PROCESS, lambda arrival: in_processes.run(arrival, slot))

    def _start(self, name: str, executor: Executor, run: Callable[[Arrival], End]) -> None:
        threading.Thread(target=self._serve, args=(executor, run), name=name, daemon=True).start()

    def _serve(self, executor: Executor, run: Callable[[Arrival], End]) -> None:
        ended: tuple[Arrival, End] | None = None
        while (arrival := self._take(executor, ended)) is not None:
            ended = None
            try:
                ended = arrival, run(arrival)
            except CrashedHandler as error:
                self._give_up(arrival, error)
            except BaseException as error:  # noqa: BLE001 - a fault of ours must not eat a thread in silence
                self._give_up(arrival, CrashedHandler(f"an attempt ended in {type(error).__name__}"))

    async def _serve_async(self, arrival: Arrival) -> None:
        try:
            end = await self._run_async(arrival)
        except CrashedHandler as error:
            self._give_up(arrival, error)
        except BaseException as error:  # noqa: BLE001 - a fault of ours must not eat a slot in silence
            self._give_up(arrival, CrashedHandler(f"an attempt ended in {type(error).__name__}"))
        else:
            with self._lock:
                self._hand.ended.append((arrival, end))
                self._book(awake=Executor.ASYNC)

    def _take(self, executor: Executor, ended: tuple[Arrival, End] | None) -> Arrival | None:
        """Tell what has ended here; the next arrival to run, or ``None`` when this thread is to end."""
        if ended is not None:
            self._hand.ended.append(ended)
            if self._hand and executor is Executor.THREAD:
                arrival = self._hand.play(ended[1], self._lease_clock())
                if arrival is not None:
                    return arrival
        with self._lock:
            self._book(awake=executor)
            while not self._closed:
                if self._surplus and executor is Executor.THREAD:  # any thread may end for the one that was stuck
                    self._surplus -= 1
                    self._recall()
                    self._wake()
                    return None
                arrival = self._next(executor)
                if arrival is not None:
                    return arrival
                self._work[executor].wait()
            return None

    def _take_now(self, executor: Executor) -> Arrival | None:
        with self._lock:
            return None if self._closed else self._next(executor)

    def _next(self, executor: Executor) -> Arrival | None:
        """What the desk gives out. On the way there it may have come upon strict ones that have to wait."""
        clock, alone = self._lease_clock(), executor is Executor.THREAD and self._tempo.alone
        if alone:
            if self._hand and self._desk.occupied(executor) > len(self._hand):  # another thread plays it
                return None
            if (arrival := self._hand.draw(clock)) is not None:
                return arrival
            self._desk.take_back(self._hand.put_away())
        first_due, now = self._desk.next_due, self._now()
        arrival = self._desk.take(executor, now, clock)
        if alone and arrival is not None:
            self._hand.deal(self._desk.take_behind(arrival, self._hand.most - 1, now), clock)
        if self._desk.next_due != first_due:
            self._clock.notify()
            # What was let in because its time has come may be another executor's, and more than one. The clock's
            # thread finds it no longer among what is due, and this one may be in a handler for minutes.
            self._wake()
        return arrival

    def _wake(self, awake: Executor | None = None) -> None:
        """Wake as many as there is work for, beside the one slot that is awake and will take some."""
        for executor, wake in self._wakers.items():
            ready = self._desk.ready(executor) - (executor is awake)
            if ready > 0:
                wake(ready)

    def _watch_the_clock(self) -> None:
        """Release what is due, when it is due; busy threads do so too when they take. And while one thread is to do
        it all, see that it does: the poll thread may be held up in a rebalance.
        """
        with self._lock:
            while not self._closed:
                due = self._desk.next_due
                if due is not None and due <= self._now():
                    self._desk.release(self._now())
                    self._wake()
                    continue
                self._clock.wait(self._nap(due))
                self._book()
                if self._tempo.glance():
                    self._regroup()

    def _nap(self, due: int | None) -> float | None:
        """Seconds until there may be something to see."""
        naps = [] if due is None else [(due - self._now()) / 1_000, NAP]
        if self._tempo.alone:
            naps.append(GLANCE)
        return min(naps, default=None)

    def _regroup(self) -> None:
        """One thread is to do it all from now on, or all are again."""
        self._recall()
        self._desk.use(Executor.THREAD, 1 if self._tempo.alone else self._desk.slots[Executor.THREAD])
        self._wake()
        self._clock.notify()  # it naps as long as nobody is alone

    def _recall(self) -> None:
        """Nothing that is in hand starts any more: something is about to change that it has to be asked about."""
        self._book()
        self._desk.take_back(self._hand.put_away())

    def _book(self, awake: Executor | None = None) -> None:
        """Book all that has ended, whoever has run it.

        Args:
            awake: of which a slot is awake and will take something next.
        """
        ended = self._hand.ended
        if not ended:
            return
        first_due, now = self._desk.next_due, self._now()
        while ended:
            self._settle(*ended.popleft(), now)
        if self._desk.circuits.unwell and self._hand:
            self._desk.take_back(self._hand.put_away())
        if self._desk.next_due != first_due:
            self._clock.notify()
        self._idle.notify()
        self._wake(awake)

    def _settle(self, arrival: Arrival, end: End, now: int) -> None:
        settled = self._desk.settle(arrival, end, now)
        self._tempo.one_more()
        self._surplus += settled.replaced and arrival.executor is Executor.THREAD
        if settled.wait is not None:
            self.waits.append((arrival.partition, settled.wait))
        elif not settled.waits:
            self.ends.append((arrival, end))

    def _escaped(self, error: BaseException) -> None:
        with self._lock:
            self.crashed = CrashedHandler(f"a task on the event loop raised {type(error).__name__}")

    def _give_up(self, arrival: Arrival, error: CrashedHandler) -> None:
        """A crash has no outcome: the offset stays unfinished and the lane closed."""
        with self._lock:
            self._book()
            self._desk.give_up(arrival)
            self.crashed = error
            self._idle.notify()
