"""Is the worker alive, is it ready, and if not, why: concluded from events. Pure: ``now`` is passed in.

Promise I9. Alive means that the poll loop goes round: a rebalance, a drain or a broker outage makes a
worker unready, not dead, for a restart would help none of them. Ready means that tasks get done.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from stillframe.consumer.events import (
    AttemptEnded,
    AttemptStarted,
    ClientTrouble,
    CommitFailed,
    Committed,
    Draining,
    Event,
    HandedOff,
    HandlerCrashed,
    HandOffFailed,
    LogsMeasured,
    MembershipDoubted,
    MembershipProved,
    PartitionsAssigned,
    PartitionsLost,
    PartitionsRevoked,
    TaskCondemned,
    Turned,
    WorkerStarted,
)
from stillframe.consumer.health.backlog import Backlog
from stillframe.consumer.health.circuits import Circuits
from stillframe.consumer.health.progress import Progress
from stillframe.consumer.health.verdict import Verdict
from stillframe.consumer.intake.partition import Partition

#: Seconds without a sign of the poll loop after which it counts as dead; a revoke takes half a session.
PULSE: Final = 30.0
#: Seconds for which an error of the client counts as its present trouble.
RECENT: Final = 30.0
ALL_BROKERS_DOWN: Final = "_ALL_BROKERS_DOWN"

#: Signs of the poll loop. ClientTrouble is one: while the loop asks for offsets in vain, it cannot turn.
SIGNS: Final = (
    WorkerStarted, Turned, PartitionsAssigned, PartitionsRevoked, PartitionsLost, Committed, ClientTrouble
)  # fmt: skip
#: Events that only an answer of a broker can cause, beside those that it is asked for every few seconds.
#: Silence is none: after five minutes librdkafka no longer repeats that all brokers are down (measured).
ANSWERS: Final = (PartitionsAssigned, Committed, HandedOff)


class Refusal(NamedTuple):
    """Commits that are refused: since when, when last, and why."""

    since: float
    last: float
    error: str

    def is_fresh(self, now: float) -> bool:
        """A commit that is due is tried again within seconds: silence means that none is due."""
        return now - self.last <= RECENT


class Vitals:
    """What the events so far amount to.

    Args:
        stall_limit: seconds without an ended attempt after which work that is there counts as stalled.
        silent_join: joining the group without getting a partition causes no event, as under KIP-848
            (measured: only in the classic protocol librdkafka calls ``on_assign`` with nothing).
    """

    def __init__(self, stall_limit: float, *, silent_join: bool = False) -> None:
        self.progress = Progress(stall_limit)
        self._backlog = Backlog(stall_limit)
        self._silent_join = silent_join
        self._sign: float | None = None
        self._joined = False
        self._draining: str | None = None
        self._doubted = False
        self._outage = False
        self._trouble: tuple[float, str] | None = None
        self._stall_limit = stall_limit
        self._refusal: Refusal | None = None
        #: Why the last hand-off of a partition was refused; it counts only while one is held.
        self._unwritten: dict[Partition, str] = {}
        self._turn = Turned((), 0, 0, 0)
        self._circuits = Circuits()

    def observe(self, event: Event, now: float) -> None:
        """Take an event into account; what attempts tell, and nothing else tells as often, first."""
        match event:
            case AttemptStarted():
                self.progress.started(event, now)
            case AttemptEnded(arrival):
                self.progress.ended(arrival, now)
            case _:
                self._observe(event, now)

    def _observe(self, event: Event, now: float) -> None:
        if isinstance(event, SIGNS):
            self._sign = now
        self._listen_for_outage(event, now)
        self._listen_for_refusals(event, now)
        self._listen_for_doubt(event)
        self._circuits.observe(event)
        match event:
            case WorkerStarted():
                self.progress.idle(now)
            case HandlerCrashed(arrival) | TaskCondemned(arrival):
                self.progress.ended(arrival, now)
            case Turned():
                self._turned(event, now)
            case LogsMeasured():
                self._backlog.measured(event, now)
            case PartitionsAssigned():
                self._joined = True
            case PartitionsRevoked() | PartitionsLost():
                self._left(event)
            case Draining(reason):
                self._draining = reason

    def live(self, now: float) -> Verdict:
        """Whether the process is worth keeping. Before its start and in its drain others keep the time."""
        return Verdict.of(() if self._draining is not None else self._silence(now))

    def ready(self, now: float) -> Verdict:
        """Whether tasks get done."""
        paused = (each for each in self._turn.partitions if each.owned and each.paused is not None)
        full = (f"{each} takes in no more: {each.paused}" for each in paused)
        return Verdict.of(self._faults(now), (*self._circuits.notes(), *full))

    def _listen_for_doubt(self, event: Event) -> None:
        if isinstance(event, MembershipDoubted | MembershipProved):
            self._doubted = isinstance(event, MembershipDoubted)

    def _listen_for_outage(self, event: Event, now: float) -> None:
        if isinstance(event, ANSWERS) or (isinstance(event, LogsMeasured) and event.answered):
            self._outage = False
        elif isinstance(event, ClientTrouble) and event.error == ALL_BROKERS_DOWN:
            self._outage = True
        elif isinstance(event, ClientTrouble):
            self._trouble = now, event.detail

    def _listen_for_refusals(self, event: Event, now: float) -> None:
        if isinstance(event, Committed):
            self._refusal = None
        elif isinstance(event, CommitFailed):
            earlier = self._refusal
            since = earlier.since if earlier is not None and earlier.is_fresh(now) else now
            self._refusal = Refusal(since, now, event.error)
        elif isinstance(event, HandOffFailed):
            self._unwritten[event.arrival.partition] = event.error

    def _left(self, event: PartitionsRevoked | PartitionsLost) -> None:
        if isinstance(event, PartitionsLost):
            self._joined = False  # the group has gone on without us: until we are back in it nothing gets done here
        self.progress.forget(event.partitions)
        self._backlog.forget(event.partitions)
        for partition in event.partitions:
            self._unwritten.pop(partition, None)

    def _turned(self, turn: Turned, now: float) -> None:
        self._turn = turn
        self._backlog.turned(now)
        self._joined = self._joined or self._silent_join
        if not (turn.running or turn.queued):
            self.progress.idle(now)

    def _faults(self, now: float) -> Iterator[str]:
        if self._sign is None:
            yield "not started: topics are being checked, or the lifespan is being entered"
        elif self._draining is not None:
            yield f"draining: {self._draining}"
        else:
            yield from self._silence(now)
            if not self._joined:
                yield "has not joined its group yet, or has lost its place in it"
            if self._doubted:
                yield "starts nothing: its poll loop stood still for long, and no commit has been accepted since"
            yield from self.progress.stalls(self._turn, now)
            yield from (f"{stall}{self._cause(now)}" for stall in self._backlog.stalls(now))
            yield from self._refusals(now)
            yield from self._circuits.faults()
        if self._outage:
            yield f"all brokers are down{self._cause(now)}"
        for partition in self._turn.partitions:
            yield from _faults_of(partition, self._unwritten.get(partition, "no reason is known"))

    def _cause(self, now: float) -> str:
        """The client's last trouble, if it is recent: often it is the reason, such as a response too large."""
        if self._trouble is None or now - self._trouble[0] > RECENT:
            return ""
        return f"; the client's last trouble: {self._trouble[1]}"

    def _refusals(self, now: float) -> Iterator[str]:
        """What is done meanwhile would be done again after a crash."""
        refusal = self._refusal
        if refusal is not None and refusal.is_fresh(now) and now - refusal.since > self._stall_limit:
            yield f"commits have been refused for {now - refusal.since:.0f} s: {refusal.error}"

    def _silence(self, now: float) -> Iterator[str]:
        if self._sign is not None and now - self._sign > PULSE:
            yield f"the poll loop has not turned for {now - self._sign:.0f} s"


def _faults_of(partition: Partition, unwritten: str) -> Iterator[str]:
    if not partition.owned:
        return
    if partition.held:
        held = f"{partition.held} task(s) are held, for writing them to their next topic fails"
        yield f"{partition}: {held}: {unwritten}"
    if partition.stopped is not None:
        yield f"{partition} cannot be read on: {partition.stopped}"
