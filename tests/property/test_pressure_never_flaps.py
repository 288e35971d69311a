"""Back-pressure: a partition pauses at a limit, resumes well below all of them, and never in between."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from stillframe.consumer.intake.pressure import BYTES, FULL_METADATA, MAP, RECORDS, SPAN, Limits
from stillframe.consumer.progress.ledger import Ledger
from stillframe.consumer.progress.metadata import decode
from tests.property.machines import run

#: Stuck tasks that come, or end, from one commit to the next.
BETWEEN_COMMITS = 200
LIMITS = Limits(20, 1_000, 50, 0.7, total_records=20, total_bytes=1_000)


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


def test_a_full_map_pauses_until_it_has_room_again() -> None:
    """Every other task done, the rest stuck: intake stops before the map is cut, resumes well below, once each."""
    roomy = Limits(10**6, 10**9, 10**6, 0.7, 10**6, 10**9)
    ledger, turns, paused = Ledger(0), list[tuple[str, float]](), False

    def ask() -> bool:
        nonlocal paused
        ledger.commit_point()
        before, paused = paused, roomy.exceeded(ledger, paused=paused) is not None
        if paused is not before:
            turns.append(("pause" if paused else "resume", ledger.fullness))
        return paused

    end = 0
    while not ask():
        for stuck in range(end, end + 2 * BETWEEN_COMMITS, 2):
            ledger.receive(stuck, 1)
            ledger.receive(stuck + 1, 1)
            ledger.finish(stuck + 1)
        end += 2 * BETWEEN_COMMITS
    assert roomy.exceeded(ledger, paused=True) == MAP
    assert len(decode(*ledger.commit_point()).runs) == end / 2  # nothing is cut yet
    for start in range(0, end, 2 * BETWEEN_COMMITS):
        for stuck in range(start, start + 2 * BETWEEN_COMMITS, 2):
            ledger.finish(stuck)
        ask()
    assert [what for what, _ in turns] == ["pause", "resume"]
    (_, high), (_, low) = turns
    assert FULL_METADATA <= high < FULL_METADATA + 0.02
    assert FULL_METADATA * 0.7 - 0.02 < low < FULL_METADATA * 0.7


def test_a_full_map_from_the_last_owner_stops_nothing() -> None:
    """What it tells of is still to be read, and passed over: pausing for it would be for ever."""
    before = Ledger(0)
    for offset in range(16_000):
        before.receive(offset, 1)
    for offset in range(1, 16_000, 2):
        before.finish(offset)
    point = before.commit_point()
    known = decode(*point)
    ledger = Ledger(point.offset, known)
    ledger.commit_point()
    for offset in range(known.end):
        assert Limits(10**6, 10**9, 10**6, 0.7, 10**6, 10**9).exceeded(ledger, paused=False) is None
        ledger.receive(offset, 1)
    ledger.commit_point()
    assert Limits(10**6, 10**9, 10**6, 0.7, 10**6, 10**9).exceeded(ledger, paused=False) == MAP
