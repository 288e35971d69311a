"""Health (promise I9): after any history, the verdicts are those that the history calls for."""

from collections.abc import Iterator
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stillframe.consumer.events import (
    AttemptEnded,
    AttemptStarted,
    ClientTrouble,
    CommitFailed,
    Committed,
    Draining,
    Event,
    HandlerCrashed,
    LogsMeasured,
    PartitionsAssigned,
    PartitionsLost,
    PartitionsRevoked,
    Turned,
    WorkerStarted,
)
from stillframe.consumer.health.verdict import Verdict
from stillframe.consumer.health.vitals import PULSE, RECENT, Vitals
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.intake.pressure import SPAN
from stillframe.consumer.outcome.end import Done
from tests.arrivals import arrival, partition
from tests.property.machines import must_find, run

LIMIT = 60.0
#: A word of each reason, in the order in which reasons are given.
STARTED, DRAINING, TURNED, JOINED, STALLED, FULL, REFUSED, DOWN, HELD, UNREADABLE = (
    "not started", "draining", "has not turned", "not joined", "nothing has finished", "is full",
    "commits have been refused", "brokers are down", "are held", "cannot be read on",
)  # fmt: skip
SIGNS = (
    WorkerStarted, Turned, PartitionsAssigned, PartitionsRevoked, PartitionsLost, Committed, ClientTrouble
)  # fmt: skip
ANSWERED = LogsMeasured({}, ())
ALL_DOWN = ClientTrouble("_ALL_BROKERS_DOWN", "2/2 brokers are down")

after_the_start = precondition(lambda self: self.history)


class VitalsMachine(RuleBasedStateMachine):
    """A worker lives; what its health should be is worked out from the whole history each time."""

    vitals_class: ClassVar[type[Vitals]] = Vitals

    def __init__(self) -> None:
        super().__init__()
        self.vitals = self.vitals_class(LIMIT)
        self.now = 1_000.0
        self.history: list[tuple[float, Event]] = []
        self.owned: list[Partition] = []
        self.running: list[Arrival] = []

    @rule(seconds=st.sampled_from([0.05, 1.0, 20.0, 31.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    @precondition(lambda self: not self.history)
    def start(self) -> None:
        self._tell(WorkerStarted("mailer", ("emails",)))

    @rule(queued=st.integers(0, 2))
    @after_the_start
    def turn(self, queued: int) -> None:
        self._tell(Turned(tuple(self.owned), len(self.running), queued, 0))

    @rule(number=st.integers(0, 1))
    @after_the_start
    def assign(self, number: int) -> None:
        gained = [] if any(each.number == number for each in self.owned) else [partition(number)]
        self.owned += gained
        self._tell(PartitionsAssigned(gained))

    @rule(lost=st.booleans())
    @precondition(lambda self: self.owned)
    def let_go(self, lost: bool) -> None:
        gone = self.owned.pop()
        gone.owned = False
        self._tell(PartitionsLost([gone]) if lost else PartitionsRevoked([gone], (), ()))

    @rule()
    @precondition(lambda self: self.owned)
    def attempt(self) -> None:
        begun = arrival(self.owned[-1], len(self.history))
        self.running.append(begun)
        self._tell(AttemptStarted(begun, "send_email", "id"))

    @rule(data=st.data(), crash=st.booleans())
    @precondition(lambda self: self.running)
    def end(self, data: st.DataObject, crash: bool) -> None:
        ended = data.draw(st.sampled_from(self.running))
        self.running.remove(ended)
        done = AttemptEnded(ended, "send_email", "id", Done(), 1.0)
        self._tell(HandlerCrashed(ended, "SystemExit") if crash else done)

    @rule(error=st.sampled_from([ALL_DOWN, ClientTrouble("_TRANSPORT", "connection refused")]))
    @after_the_start
    def trouble(self, error: ClientTrouble) -> None:
        self._tell(error)

    @rule()
    @after_the_start
    def commit(self) -> None:
        self._tell(Committed(self.owned))

    @rule(answered=st.booleans())
    @after_the_start
    def look_at_the_logs(self, answered: bool) -> None:
        self._tell(ANSWERED if answered else LogsMeasured({}, (), answered=False))

    @rule()
    @after_the_start
    def refuse(self) -> None:
        self._tell(CommitFailed("no"))

    @rule()
    @precondition(lambda self: len(self.history) > 30)
    def drain(self) -> None:
        self._tell(Draining("asked to stop"))

    @rule(data=st.data(), paused=st.sampled_from([None, SPAN, "the worker is stopping"]))
    @precondition(lambda self: self.owned)
    def change_partition(self, data: st.DataObject, paused: str | None) -> None:
        changed = data.draw(st.sampled_from(self.owned))
        changed.paused = paused
        changed.held = data.draw(st.integers(0, 1))
        changed.stopped = data.draw(st.sampled_from([None, None, "offset out of range"]))

    @invariant()
    def ready_says_what_the_history_says(self) -> None:
        verdict = self.vitals.ready(self.now)
        expected = self._expected()
        assert len(verdict.reasons) == len(expected), (verdict, expected)
        assert all(word in reason for word, reason in zip(expected, verdict.reasons, strict=True))
        assert verdict.ok is not bool(verdict.reasons)

    @invariant()
    def live_asks_for_turns_only(self) -> None:
        dead = not self._seen(Draining) and self._silent()
        assert self.vitals.live(self.now).ok is not dead

    def _expected(self) -> list[str]:
        if not self._seen(WorkerStarted):
            state = [STARTED]
        elif self._seen(Draining):
            state = [DRAINING]
        else:
            places = [each for _, each in self.history if isinstance(each, PartitionsAssigned | PartitionsLost)]
            joined = bool(places) and isinstance(places[-1], PartitionsAssigned)
            state = [TURNED] * self._silent() + [JOINED] * (not joined) + self._stalls()
            state += [REFUSED] * self._refused()
        held = [word for each in self._turned() for word in [HELD] * each.held + [UNREADABLE] * bool(each.stopped)]
        return state + [DOWN] * self._outage() + held

    def _silent(self) -> bool:
        last = self._last(*SIGNS)
        return last is not None and self.now - last > PULSE

    def _outage(self) -> bool:
        last = next(
            (entry for entry in reversed(self.history)
             if entry[1] is ALL_DOWN or isinstance(entry[1], PartitionsAssigned | Committed) or entry[1] == ANSWERED),
            None,
        )  # fmt: skip
        return last is not None and last[1] is ALL_DOWN

    def _stalls(self) -> list[str]:
        turns = [each for _, each in self.history if isinstance(each, Turned)]
        if turns and (turns[-1].running or turns[-1].queued) and self.now - self._progress() > LIMIT:
            return [STALLED]
        full = {each.partition for each in self.running if each.partition.owned and each.partition.paused == SPAN}
        return [FULL for each in full if self.now - self._progress_of(each) > LIMIT]

    def _progress(self) -> float:
        idle = [at for at, each in self.history if isinstance(each, Turned) and not (each.running or each.queued)]
        ends = self._last(AttemptEnded, HandlerCrashed, WorkerStarted) or 0.0
        return max([ends, *idle])

    def _progress_of(self, full: Partition) -> float:
        """The last end in the partition, or the start of the oldest attempt that still runs in it."""
        ends = [
            at for at, each in self.history
            if isinstance(each, AttemptEnded | HandlerCrashed) and each.arrival.partition is full
        ]  # fmt: skip
        running = [each for each in self.running if each.partition is full]
        oldest = next(at for at, each in self.history if isinstance(each, AttemptStarted) and each.arrival in running)
        return max([oldest, *ends])

    def _refused(self) -> bool:
        """Refusals without a commit or a silence between them, up to now, for longer than the limit."""
        since = None
        last = self.now
        for at, each in reversed(self.history):
            if isinstance(each, Committed) or last - at > RECENT:
                break
            if isinstance(each, CommitFailed):
                since = last = at
        return since is not None and self.now - since > LIMIT

    def _turned(self) -> list[Partition]:
        turns = [each for _, each in self.history if isinstance(each, Turned)]
        return [each for each in turns[-1].partitions if each.owned] if turns else []

    def _seen(self, kind: type[Event]) -> bool:
        return any(isinstance(each, kind) for _, each in self.history)

    def _last(self, *kinds: type[Event]) -> float | None:
        return next((at for at, each in reversed(self.history) if isinstance(each, kinds)), None)

    def _tell(self, event: Event) -> None:
        self.history.append((self.now, event))
        self.vitals.observe(event, self.now)


def test_the_verdicts_hold() -> None:
    """Each reason is given when and only when the history calls for it."""
    run(VitalsMachine, examples=200)


class ForgetsTheOutage(Vitals):
    def _listen_for_outage(self, event: Event, now: float) -> None:
        self._outage = False


class TakesSilenceForRecovery(Vitals):
    def _listen_for_outage(self, event: Event, now: float) -> None:
        super()._listen_for_outage(event, now)
        if isinstance(event, LogsMeasured):
            self._outage = False


class IdlesNever(Vitals):
    def _turned(self, turn: Turned, now: float) -> None:
        self._turn = turn


class DiesInItsDrain(Vitals):
    def live(self, now: float) -> Verdict:
        return Verdict.of(self._silence(now))


class RemembersARefusalForEver(Vitals):
    def _refusals(self, now: float) -> Iterator[str]:
        if self._refusal is not None and now - self._refusal.since > LIMIT:
            yield "commits have been refused"


@pytest.mark.parametrize(
    "mutant", [ForgetsTheOutage, TakesSilenceForRecovery, IdlesNever, DiesInItsDrain, RemembersARefusalForEver]
)
def test_planted_bugs_are_found(mutant: type[Vitals]) -> None:
    """The machine is worth something only if it finds vitals that are wrong."""
    must_find(type("Mutant", (VitalsMachine,), {"vitals_class": mutant}))
