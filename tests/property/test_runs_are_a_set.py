"""Runs of offsets are a set of them, whatever is added and forgotten, in the fewest runs there can be (I2)."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stillframe.consumer.progress.runs import Runs

ADDED = st.tuples(st.integers(0, 60), st.integers(1, 8))


@given(st.lists(ADDED | st.integers(0, 60), max_size=60))
def test_runs_are_a_set(steps: list[tuple[int, int] | int]) -> None:
    """A pair is a run's start and length, a number what to forget below."""
    runs, model = Runs(), set[int]()
    for step in steps:
        if isinstance(step, int):
            runs.forget_below(step)
            model = {offset for offset in model if offset >= step}
        else:
            start, length = step
            runs.add(start, start + length)
            model.update(range(start, start + length))
        found = list(runs)
        assert [offset for start, end in found for offset in range(start, end)] == sorted(model)
        assert all(before < start for (_, before), (start, _) in pairwise(found))
        assert len(runs) == len(found)
        assert runs.end == max(model, default=-1) + 1
        assert {offset for offset in range(70) if offset in runs} == model
