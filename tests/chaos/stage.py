"""Does what the schedule says, and writes down what it has done."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from stillframe.consumer.operate.failure import UNREACHABLE
from tests.chaos.fleet import Fleet
from tests.chaos.journal import Journal
from tests.chaos.leaders import Leaders
from tests.chaos.proxy import Proxy
from tests.chaos.schedule import Disturbance, Kind
from tests.kafka import Cluster

Act = Callable[[int], None]


@dataclass(frozen=True, order=True)
class Cue:
    """A disturbance begins, or ends, so many seconds after the load has begun."""

    after: float
    ends: bool
    of: Disturbance

    def __str__(self) -> str:
        return f"{self.after:5.1f} s  {self.of.kind}{' ends' if self.ends else ''}: {self.of.target}"


def cues(disturbances: Iterable[Disturbance]) -> list[Cue]:
    """Beginnings and ends in one line."""
    begin = [Cue(each.after, False, each) for each in disturbances]
    return sorted(begin + [Cue(each.of.after + each.of.seconds, True, each.of) for each in begin if each.of.seconds])


class Stage:
    """The workers and brokers of a run, and every way to disturb them.

    Each act is written down so that a row stands on the right side of what it divides: a worker is frozen
    before the row that says so, and goes on after the one that says that.
    """

    def __init__(self, fleet: Fleet, kafka: Cluster, proxy: Proxy, journal: Journal) -> None:
        self._fleet = fleet
        self._kafka = kafka
        self._proxy = proxy
        self._journal = journal
        self._leaders = Leaders(kafka.bootstrap_servers)
        #: When slots were asked to end, and which of them are to be filled again.
        self._asked: dict[int, float] = {}
        self._refill: set[int] = set()
        #: Brokers that are down.
        self._down: set[int] = set()
        self._begin: dict[Kind, Act] = {
            Kind.KILL: self._kill,
            Kind.RESTART: self._restart,
            Kind.JOIN: self._join,
            Kind.LEAVE: self._leave,
            Kind.FREEZE: self._freeze,
            Kind.CUT: self._cut,
            Kind.BROKER_KILL: self._kill_broker,
            Kind.BROKER_RESTART: self._stop_broker,
            Kind.ELECT: self._elect,
        }
        self._end: dict[Kind, Act] = {
            Kind.FREEZE: self._thaw,
            Kind.CUT: self._heal,
            Kind.BROKER_KILL: self._start_broker,
            Kind.BROKER_RESTART: self._start_broker,
        }

    def play(self, cue: Cue) -> None:
        """One act."""
        acts = self._end if cue.ends else self._begin
        acts[cue.of.kind](cue.of.target)

    def tend(self) -> None:
        """See who has ended, and fill the slots that are to be filled again, as an orchestrator would."""
        for slot, name, code, at in self._fleet.ended():
            asked = self._asked.pop(slot, None)
            if asked is not None:
                self._journal.write("exited", victim=name, code=code, seconds=at - asked)
            elif code == UNREACHABLE:  # it was starting while a broker was down: whoever runs workers tries again
                self._journal.write("gave_up", victim=name)
                self._refill.add(slot)
            else:
                self._trouble(f"{name} ended with exit code {code}, which nobody asked for")
            if slot in self._refill:
                self._refill.discard(slot)
                self._fleet.start(slot)

    @property
    def ending(self) -> bool:
        """Whether somebody was asked to end and has not yet."""
        return bool(self._asked)

    def await_brokers(self) -> bool:
        """Whether every broker that is not down serves, after some patience; the run goes on without it."""
        try:
            self._kafka.await_running()
        except AssertionError as late:
            self._trouble(str(late))
            return False
        return True

    def strike(self) -> None:
        """Ask everybody to end."""
        for slot in self._fleet.slots():
            self._leave(slot)

    def _kill(self, slot: int) -> None:
        if self._fleet.runs(slot):
            self._fleet.kill(slot)
            self._journal.write("killed", victim=self._fleet.name(slot))
        self._asked.pop(slot, None)
        self._refill.discard(slot)
        self._fleet.start(slot)

    def _restart(self, slot: int) -> None:
        if self._fleet.runs(slot) and slot not in self._asked:
            self._refill.add(slot)
        self._leave(slot)

    def _join(self, slot: int) -> None:
        if not self._fleet.runs(slot):
            self._fleet.start(slot)

    def _leave(self, slot: int) -> None:
        if self._fleet.runs(slot) and slot not in self._asked:  # a second signal would end it at once
            self._asked[slot] = time.monotonic()
            self._journal.write("terminated", victim=self._fleet.name(slot))
            self._fleet.terminate(slot)

    def _freeze(self, slot: int) -> None:
        if self._fleet.runs(slot):
            self._fleet.freeze(slot)
            self._journal.write("frozen", victim=self._fleet.name(slot))

    def _thaw(self, slot: int) -> None:
        if self._fleet.runs(slot):  # perhaps another life of it, which was never frozen: no harm
            self._journal.write("thawed", victim=self._fleet.name(slot))
            self._fleet.thaw(slot)

    def _cut(self, slot: int) -> None:
        self._proxy.cut()
        if self._fleet.runs(slot):
            self._journal.write("cut", victim=self._fleet.name(slot))

    def _heal(self, slot: int) -> None:
        if self._fleet.runs(slot):
            self._journal.write("healed", victim=self._fleet.name(slot))
        self._proxy.heal()

    def _kill_broker(self, node: int) -> None:
        self._lose_broker("broker_killed", node, self._kafka.kill)

    def _stop_broker(self, node: int) -> None:
        self._lose_broker("broker_stopped", node, self._kafka.terminate)

    def _lose_broker(self, kind: str, node: int, lose: Act) -> None:
        if not self.await_brokers():  # never two at a time
            return
        leads, coordinates = self._leaders.of(node), self._leaders.coordinator() == node
        self._journal.write(kind, node=node, leads=leads, coordinator=coordinates)
        lose(node)
        self._down.add(node)

    def _start_broker(self, node: int) -> None:
        if node in self._down:
            self._down.remove(node)
            self._kafka.launch(node)
            self._journal.write("broker_started", node=node)

    def _elect(self, _node: int) -> None:
        self._journal.write("elected", moved=self._leaders.elect())

    def _trouble(self, what: str) -> None:
        self._journal.write("trouble", what=what)
