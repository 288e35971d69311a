"""The commit clock: due by time or by count, one in flight, and an answer that never comes stops nothing."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stillframe.consumer.progress.commit import AGAIN, CommitClock, CommitPolicy
from tests.property.machines import run

INTERVAL, OUTCOMES, PATIENCE = 3.0, 10, 30.0


class ClockMachine(RuleBasedStateMachine):
    """Time goes by, outcomes come in, commits go out and are answered, late or never."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.last = 100.0
        self.clock = CommitClock(CommitPolicy(INTERVAL, OUTCOMES), self.now, PATIENCE)
        self.outcomes, self.interval = 0, INTERVAL
        self.asked_at: float | None = None

    @rule(seconds=st.sampled_from([0.0, 0.25, 0.75, 1.0, 8.0, 31.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(outcomes=st.integers(1, 6))
    def count(self, outcomes: int) -> None:
        self.clock.count(outcomes)
        self.outcomes += outcomes

    @rule(anything=st.booleans())
    def commit_if_due(self, anything: bool) -> None:
        if not self.clock.due(self.now):
            return
        if anything:
            self.clock.sent(self.now)
            self.asked_at = self.now
        else:
            self.clock.skipped(self.now)
        self.last, self.outcomes, self.interval = self.now, 0, INTERVAL

    @rule(refused=st.booleans())
    def answer(self, refused: bool) -> None:
        self.clock.answered(refused=refused)
        self.asked_at = None
        self.interval = AGAIN if refused else self.interval

    @invariant()
    def it_is_due_when_it_should_be(self) -> None:
        in_flight = self.asked_at is not None and self.now - self.asked_at < PATIENCE
        wanted = self.outcomes >= OUTCOMES or self.now - self.last >= self.interval
        assert self.clock.due(self.now) is (wanted and not in_flight)


def test_the_clock_holds() -> None:
    """A commit is due exactly when the policy says so, or a second after a refusal, and none is in flight."""
    run(ClockMachine, examples=300)
