"""The circuit breaker: opens on rate and count, spends nothing while open, lets a few decide, always comes back."""

from collections.abc import Iterable
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stillframe.consumer import CircuitBreaker
from stillframe.consumer.outcome.breaker import STEPS, Breaker, State, Window
from stillframe.schemas import DefinitionError
from tests.property.machines import must_find, run

POLICY = CircuitBreaker(failures=4, rate=0.5, window=10.0, open_for=5.0, probes=2)
WINDOW, STEP, OPEN_FOR = 10_000, 10_000 // STEPS, 5_000
WHICH = st.integers(0, 11)


class BreakerMachine(RuleBasedStateMachine):
    """Tasks of one type start as the breaker lets them, and end; time goes by, and the clock is set at times.

    The model has every end with its time, and asks whether the breaker may be in the state that it is in.
    """

    breaker_class: ClassVar[type[Breaker]] = Breaker

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000
        self.breaker = self.breaker_class(POLICY)
        self.serial = 0
        self.running: list[int] = []
        self.probes: set[int] = set()
        self.well = 0
        self.ends: list[tuple[int, bool]] = []
        self.unsure_until = 0
        #: While it is open: from when on some may be tried, and from when on they must.
        self.earliest = self.latest = 0

    @rule(most=st.integers(1, 4))
    def start(self, most: int) -> None:
        """What the desk does: of a type that is held back only as many as there is room for."""
        self._tick()
        for _ in range(most):
            state = self.breaker.state
            if state is State.CLOSED or self.breaker.room:
                assert state is not State.OPEN, "an attempt is spent while it is open"
                self.serial += 1
                self.running.append(self.serial)
                if state is State.HALF_OPEN:
                    self.breaker.started(self.serial)
                    self.probes.add(self.serial)
                    assert len(self.probes) + self.well <= POLICY.probes, "more are tried than a few"

    @precondition(lambda self: self.running)
    @rule(which=WHICH, failed=st.sampled_from([True, True, False, False, None]), copies=st.sampled_from([1, 1, 3]))
    def end(self, which: int, failed: bool | None, copies: int) -> None:
        for _ in range(min(copies, len(self.running))):
            item = self.running.pop(which % len(self.running))
            before = self.breaker.state
            if failed is False and before is State.CLOSED:
                self.breaker.succeeded(self.now)
                changed = False
            else:
                changed = self.breaker.ended(item, failed, self.now)
            assert changed == (self.breaker.state is not before)
            self._follow(item, failed, before)

    @precondition(lambda self: self.running)
    @rule(which=WHICH)
    def outlives_its_timeout(self, which: int) -> None:
        item = self.running[which % len(self.running)]
        tried = item in self.probes
        assert self.breaker.stuck(item) == tried
        if tried:
            self._open()
            self._tick()

    @precondition(lambda self: self.serial % 5 == 4)
    @rule()
    def trips(self) -> None:
        was_open = self.breaker.state is State.OPEN
        assert self.breaker.trip("flood", self.now) != was_open
        if not was_open:
            self._open()

    @rule(milliseconds=st.sampled_from([1, 200, 999, 1_000, 2_500, 5_000, 12_000]))
    def time_goes_by(self, milliseconds: int) -> None:
        self.now += milliseconds

    @precondition(lambda self: self.serial % 5 == 3)  # seldom: for a while after it little can be told
    @rule(milliseconds=st.sampled_from([-3_600_000, -40, 3_600_000]))
    def the_clock_is_set(self, milliseconds: int) -> None:
        self.now += milliseconds
        self.ends = []  # how old those are cannot be told any more, and whether they count
        self.unsure_until = self.now + WINDOW + STEP
        self.earliest, self.latest = min(self.earliest, self.now), self.now + OPEN_FOR
        self._tick()

    @invariant()
    def only_time_opens_the_way(self) -> None:
        due = self.breaker.due
        assert (due is not None) == (self.breaker.state is State.OPEN), "nobody would ever ask it again"
        assert self.breaker.state is State.HALF_OPEN or not self.breaker.room

    def teardown(self) -> None:
        """Whatever it has come to: once what is called works again, it closes."""
        for _ in range(20):
            if self.breaker.state is State.CLOSED:
                return
            self.now += OPEN_FOR
            self._tick()
            for item in (*self.probes, *range(self.serial + 1, self.serial + 1 + self.breaker.room)):
                self.breaker.started(item)
                self.breaker.ended(item, False, self.now)
            self.probes.clear()
        raise AssertionError("it stays as it is")

    def _tick(self) -> None:
        before = self.breaker.state
        opened = self.breaker.tick(self.now)
        assert opened == (before is State.OPEN and self.breaker.state is State.HALF_OPEN)
        if opened:
            self.well, self.probes = 0, set()
        if before is State.OPEN:
            assert self.now >= self.earliest or not opened, "too early"
            assert self.now < self.latest or opened, "too late"

    def _follow(self, item: int, failed: bool | None, before: State) -> None:
        match before:
            case State.CLOSED if failed is not None:
                self.ends.append((self.now, failed))
                self._compare()
            case State.HALF_OPEN if item in self.probes:
                self.probes.remove(item)
                self.well += failed is False
                if failed:
                    self._open()
                assert (self.breaker.state is State.CLOSED) == (not failed and self.well == POLICY.probes)
                assert (self.breaker.state is State.OPEN) == (failed is True)
                if self.breaker.state is State.CLOSED:
                    self.ends = []
            case _:
                assert self.breaker.state is before, "what had started before says nothing new"

    def _compare(self) -> None:
        """Within a step of its length the window is exact: it opens for certain, or must not, or may do either."""
        unsure = self.now < self.unsure_until
        if self.breaker.state is State.OPEN:
            assert self.ends[-1][1], "a success has opened it"
            assert unsure or any(self._is_enough(WINDOW + extra) for extra in (0, -STEP)), (
                "too few of too many have failed"
            )
            self._open()
        elif self.ends[-1][1] and not unsure:
            assert not (self._is_enough(WINDOW) and self._is_enough(WINDOW - STEP)), "it should have opened"

    def _is_enough(self, window: int) -> bool:
        recent = [failed for at, failed in self.ends if at > self.now - window]
        return sum(recent) >= POLICY.failures and sum(recent) >= POLICY.rate * len(recent)

    def _open(self) -> None:
        self.ends, self.probes, self.well, self.unsure_until = [], set(), 0, 0
        self.earliest = self.latest = self.now + OPEN_FOR


def test_the_breaker_holds() -> None:
    """After any sequence of events."""
    run(BreakerMachine)


class NeverOpens(Breaker):
    def _count(self, failed: bool, now: int) -> bool:
        return False


class OpensOnCountAlone(Breaker):
    def succeeded(self, now: int) -> None: ...


class OpensOnRateAlone(Breaker):
    def __init__(self, policy: CircuitBreaker) -> None:
        super().__init__(CircuitBreaker(failures=2, rate=0.5, window=10.0, open_for=5.0, probes=2))


class ForgetsNothing(Window):
    def move(self, now: int) -> None:
        self.begun, self.ends = now, now + STEP


class ForgetsAllAtOnce(Window):
    def move(self, now: int) -> None:
        self.clear()
        self.begun, self.ends = now, now + STEP


class LetsAllBeTried(Breaker):
    @property
    def room(self) -> int:
        return 9 if self.state is State.HALF_OPEN else 0


class StartsWhileOpen(Breaker):
    @property
    def room(self) -> int:
        return super().room if self.state is not State.OPEN else 1


class BelievesWhatStartedBefore(Breaker):
    def ended(self, item: Any, failed: bool | None, now: int) -> bool:
        if self.state is State.HALF_OPEN:
            self._probes.add(item)
        return super().ended(item, failed, now)


class KeepsTheSlotOfWhatSaidNothing(Breaker):
    def ended(self, item: Any, failed: bool | None, now: int) -> bool:
        if failed is None and self.state is State.HALF_OPEN:
            return False
        return super().ended(item, failed, now)


class ClosesAfterOne(Breaker):
    def ended(self, item: Any, failed: bool | None, now: int) -> bool:
        if self.state is State.HALF_OPEN and failed is False:
            self._well = 1
        return super().ended(item, failed, now)


class WaitsForTheClock(Breaker):
    def tick(self, now: int) -> bool:
        if self.state is not State.OPEN or self._until is None or now < self._until:
            return False
        return super().tick(now)


class ComesTooEarly(Breaker):
    def tick(self, now: int) -> bool:
        return super().tick(now + 1_500)


class NeverAsksTheStuck(Breaker):
    def stuck(self, item: Any) -> bool:
        return False


def with_window(window: type[Window]) -> type[Breaker]:
    def init(self: Breaker, policy: CircuitBreaker) -> None:
        Breaker.__init__(self, policy)
        self._window = window(WINDOW)

    return type(window.__name__, (Breaker,), {"__init__": init})


MUTANTS: Iterable[type[Breaker]] = (
    NeverOpens,
    OpensOnCountAlone,
    OpensOnRateAlone,
    with_window(ForgetsNothing),
    with_window(ForgetsAllAtOnce),
    LetsAllBeTried,
    StartsWhileOpen,
    BelievesWhatStartedBefore,
    KeepsTheSlotOfWhatSaidNothing,
    ClosesAfterOne,
    WaitsForTheClock,
    ComesTooEarly,
    NeverAsksTheStuck,
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_planted_bugs_are_found(mutant: type[Breaker]) -> None:
    """The machine is worth something only if it finds breakers that are wrong."""
    must_find(type("Mutant", (BreakerMachine,), {"breaker_class": mutant}))


def test_a_type_that_was_failing_elsewhere_is_tried_first() -> None:
    """Before anything of it has run here, and not after."""
    fresh, used, closed = Breaker(POLICY), Breaker(POLICY), Breaker(POLICY)
    assert fresh.doubt("it was failing")
    assert (fresh.state, fresh.room) == (State.HALF_OPEN, POLICY.probes)
    used.ended(1, False, 1_000)
    assert not used.doubt("it was failing")
    closed.trip("flood", 0)
    closed.tick(OPEN_FOR)
    for item in range(POLICY.probes):
        closed.started(item)
        closed.ended(item, False, OPEN_FOR)
    assert not closed.doubt("it was failing")
    assert closed.state is State.CLOSED


@given(
    st.sampled_from(["failures", "rate", "window", "open_for", "probes"]),
    st.sampled_from([0, -1, float("nan"), float("-inf")]),
)
def test_an_impossible_policy_is_refused(name: str, value: float) -> None:
    """Where it is written down, with what to give."""
    with pytest.raises(DefinitionError, match=rf"CircuitBreaker\({name}=.*\), of type .*: give "):
        CircuitBreaker(**{name: value})  # type: ignore[arg-type]
