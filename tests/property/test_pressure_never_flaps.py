"""Back-pressure: a partition pauses at a limit, resumes well below all of them, and never in between."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from stillframe.consumer.intake.pressure import BYTES, RECORDS, SPAN, Limits
from stillframe.consumer.progress.ledger import Ledger
from tests.property.machines import run

LIMITS = Limits(records=20, bytes=1_000, span=50, resume_ratio=0.7)


class PressureMachine(RuleBasedStateMachine):
    """A partition fills and drains; after each step it is asked whether it may take in more."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(0)
        self.next = 0
        self.open: list[int] = []
        self.paused = False

    @rule(records=st.integers(1, 8), size=st.integers(0, 120), gap=st.sampled_from([0, 0, 1, 30]))
    def receive(self, records: int, size: int, gap: int) -> None:
        for _ in range(0 if self.paused else records):
            self.next += gap
            self.ledger.receive(self.next, size)
            self.open.append(self.next)
            self.next += 1
        self._ask()

    @rule(data=st.data(), records=st.integers(1, 8))
    def finish(self, data: st.DataObject, records: int) -> None:
        for _ in range(min(records, len(self.open))):
            offset = data.draw(st.sampled_from(self.open))
            self.open.remove(offset)
            self.ledger.finish(offset)
            self._ask()

    def _ask(self) -> None:
        levels = {
            RECORDS: self.ledger.unfinished / LIMITS.records,
            BYTES: self.ledger.bytes / LIMITS.bytes,
            SPAN: self.ledger.span / LIMITS.span,
        }
        reason = LIMITS.exceeded(self.ledger, paused=self.paused)
        line = LIMITS.resume_ratio if self.paused else 1.0
        assert (reason is not None) is (max(levels.values()) >= line)
        assert reason is None or levels[reason] >= line
        # What the two lines are for: a pause needs a full partition, a resume one that has drained.
        if reason is not None and not self.paused:
            assert max(levels.values()) >= 1.0
        if reason is None and self.paused:
            assert max(levels.values()) < LIMITS.resume_ratio
        self.paused = reason is not None


def test_the_gate_holds() -> None:
    """Between the two levels nothing changes, whichever of the limits is near."""
    run(PressureMachine, examples=300)
