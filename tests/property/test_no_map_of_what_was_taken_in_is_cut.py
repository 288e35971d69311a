"""Whatever a partition has taken in, and in whichever order it ends, its commits tell all of it (I3)."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillframe.consumer.intake.pressure import Limits
from stillframe.consumer.progress.completion_map import most_bytes
from stillframe.consumer.progress.ledger import Ledger
from stillframe.consumer.progress.metadata import decode, encode
from stillframe.consumer.progress.runs import Runs

LIMITS = Limits(10_000, 10**9, 100_000, 0.7, 10**6, 10**9)
#: What one call of the client may bring before the gate looks again.
BATCH = 500
STEPS = 80


def run_partition(seed: int, stays: float, stuck: float) -> None:
    """Batches come while the gate lets them, and between them some end, of which none that is stuck.

    Args:
        stays: share of the tasks that only end once intake stands still: those of a busy key.
        stuck: share of those that never do.
    """
    random = Random(seed)
    ledger, end, paused = Ledger(0), 0, False
    ready, staying = list[int](), list[int]()
    for step in range(STEPS):
        paused = LIMITS.exceeded(ledger, paused=paused) is not None
        for offset in range(end, end + (0 if paused else BATCH)):
            ledger.receive(offset, 1)
            if random.random() >= stuck:
                (staying if random.random() < stays else ready).append(offset)
        end += 0 if paused else BATCH
        random.shuffle(ready)
        pool = staying if paused and not ready else ready
        ends = random.randint(0, 2 * BATCH)
        for offset in pool[:ends]:
            ledger.finish(offset)
        del pool[:ends]
        if paused or step % 10 == 0:
            assert_whole(ledger)


def assert_whole(ledger: Ledger) -> None:
    point = ledger.commit_point()
    assert decode(*point).runs == tuple(ledger._runs)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.9]), st.sampled_from([0.0, 0.0005, 0.02]))
def test_no_map_of_what_was_taken_in_is_cut(seed: int, stays: float, stuck: float) -> None:
    run_partition(seed, stays, stuck)


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 400)), max_size=100), st.integers(0, 2**32))
def test_nothing_that_ends_next_exceeds_the_bound(steps: list[tuple[int, int]], seed: int) -> None:
    """The bound that intake goes by holds for every order in which the rest may end."""
    runs, unfinished, end = Runs(), list[int](), 1
    for waits, done in steps:
        unfinished += range(end, end + waits)
        runs.add(end + waits, end + waits + done)
        end += waits + done
    bound = most_bytes(end, len(runs), len(unfinished) + 1)
    Random(seed).shuffle(unfinished)
    while unfinished:
        for offset in unfinished[:500]:
            runs.add(offset, offset + 1)
        del unfinished[:500]
        characters = len(encode(0, runs, most=10**6))
        assert characters <= 4 + 4 * (bound + 2) / 3 + 1  # the prefix, and the two counts


def test_a_gate_that_never_closes_for_the_map_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: otherwise this proves nothing."""
    monkeypatch.setattr("stillframe.consumer.progress.ledger.most_bytes", lambda span, runs, unfinished: 0)
    with pytest.raises(AssertionError):
        run_partition(1, 0.3, 0.0005)
