"""Health (promise I9): records that lie in the log and do not arrive are a stall, and nothing else is."""

from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stillframe.consumer.events import LogsMeasured
from stillframe.consumer.health.backlog import EVERY, Backlog
from stillframe.consumer.intake.partition import LogBounds, Partition
from tests.arrivals import partition
from tests.property.machines import must_find, run

LIMIT = 60.0


class BacklogMachine(RuleBasedStateMachine):
    """One partition, whose log grows; when it should be told of is worked out from what has happened."""

    backlog_class: ClassVar[type[Backlog]] = Backlog

    def __init__(self) -> None:
        super().__init__()
        self.backlog = self.backlog_class(LIMIT)
        self.now = 1_000.0
        self.partition: Partition = partition()
        self.end = 0
        self.told_end = 0
        self.running: list[int] = []
        # The last moment at which something moved, was at rest, or was not known to be unread.
        self.well = self.now

    @rule(seconds=st.sampled_from([1.0, 20.0, 61.0]))
    def wait(self, seconds: float) -> None:
        """The poll loop goes round all the while."""
        self.now += seconds
        self._turn()

    @rule(count=st.integers(1, 3))
    def append(self, count: int) -> None:
        self.end += count

    @rule(paused=st.sampled_from([None, "span"]))
    def fall_silent(self, paused: str | None) -> None:
        """What the other rules seldom come to by chance: records that are told of, and then nothing for long."""
        self.append(1)
        self.measure(told=True)
        self.hold(paused, None)
        self.wait(61.0)

    @rule()
    @precondition(lambda self: self.partition.position < self.end)
    def receive(self) -> None:
        offset = self.partition.position
        self.partition.ledger.receive(offset, 1)
        self.running.append(offset)
        self._move()

    @rule()
    @precondition(lambda self: self.running)
    def finish(self) -> None:
        self.partition.ledger.finish(self.running.pop())
        self._move()

    @rule()
    def read_to_the_end(self) -> None:
        """The last records are markers of transactions: nothing arrives, and there is nothing to."""
        self.partition.read_up_to = self.end
        self._turn()

    @rule(told=st.booleans())
    def measure(self, told: bool) -> None:
        if not told:
            self.backlog.measured(LogsMeasured({}, ()), self.now)
            return
        if not self._unread():
            self.well = self.now
        self.told_end = self.end
        self.backlog.measured(LogsMeasured({self.partition: LogBounds(0, self.end)}, ()), self.now)

    @rule(paused=st.sampled_from([None, "span"]), stopped=st.sampled_from([None, None, "offset out of range"]))
    def hold(self, paused: str | None, stopped: str | None) -> None:
        self.partition.paused, self.partition.stopped = paused, stopped
        self._turn()

    @rule()
    def leave(self) -> None:
        self.partition.owned = False
        self.backlog.forget([self.partition])
        self.partition, self.end, self.told_end, self.running = partition(), 0, 0, []
        self.well = self.now

    @invariant()
    def it_tells_of_silence_only(self) -> None:
        expected = self._unread() and self.now - self.well > LIMIT
        reasons = list(self.backlog.stalls(self.now))
        assert bool(reasons) is expected
        assert all(
            f"emails[0]: nothing has arrived from offset {self.partition.position} on" in each for each in reasons
        )

    def _unread(self) -> bool:
        return max(self.partition.position, self.partition.read_up_to) < self.told_end

    def _move(self) -> None:
        self.well = self.now
        self._turn()

    def _turn(self) -> None:
        if not self._unread() or self.partition.is_at_rest:
            self.well = self.now
        self.backlog._looked = self.now - EVERY  # looks are rarer than turns: not what is tried here
        self.backlog.turned(self.now)


def test_silence_is_noticed() -> None:
    """And a partition that is read to its end, moves, waits on purpose or has left is not called silent."""
    run(BacklogMachine, examples=300)


class BelievesTheLogEnd(Backlog):
    """It never hears that the log was read to its end."""

    def _look(self, now: float) -> None:
        self.forget([each for each, unread in self._unread.items() if each.position >= unread.end])
        for each, unread in self._unread.items():
            if (stand := (each.position, each.ledger.unfinished)) != unread.stand or each.is_at_rest:
                unread.since, unread.stand = now, stand


class CallsAPauseAStall(Backlog):
    def _look(self, now: float) -> None:
        before = {each: unread.since for each, unread in self._unread.items() if each.paused is not None}
        super()._look(now)
        for each, since in before.items():
            if each in self._unread:
                self._unread[each].since = since


class NeverForgets(Backlog):
    def forget(self, partitions: object) -> None:
        pass


class NeedsTheSameEndTwice(Backlog):
    def measured(self, event: LogsMeasured, now: float) -> None:
        self._unread.clear()
        super().measured(event, now)


@pytest.mark.parametrize("mutant", [BelievesTheLogEnd, CallsAPauseAStall, NeverForgets, NeedsTheSameEndTwice])
def test_planted_bugs_are_found(mutant: type[Backlog]) -> None:
    """The machine is worth something only if it finds a backlog that is wrong."""
    must_find(type("Mutant", (BacklogMachine,), {"backlog_class": mutant}))
