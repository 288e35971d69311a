"""Each step of a stop is over before the next one has to be, whatever the grace period and whenever it begins."""

from hypothesis import given
from hypothesis import strategies as st

from stillframe.consumer.deadlines import ASKED, KILLED, LONGEST_COMMIT, LONGEST_LEAVE, Deadlines


@given(grace=st.floats(0.1, 3_600), commit_at=st.floats(0, 3_700), leave_at=st.floats(0, 3_700))
def test_the_steps_come_one_after_the_other(grace: float, commit_at: float, leave_at: float) -> None:
    """Until the process is asked where it is, and killed."""
    stop = Deadlines(100.0, grace)
    assert stop.drained == 100 + grace < stop.named < stop.drained + ASKED < stop.drained + KILLED
    committed, left = stop.committed(100 + commit_at), stop.left(100 + leave_at)
    assert max(committed, left) < stop.drained + ASKED
    assert committed <= 100 + commit_at + LONGEST_COMMIT
    assert left <= 100 + leave_at + LONGEST_LEAVE


def test_an_early_end_of_the_drain_leaves_its_time_to_the_commit() -> None:
    """And to leaving the group."""
    stop = Deadlines(0.0, 25.0)
    assert stop.committed(2.0) == 2.0 + LONGEST_COMMIT
    assert stop.left(2.0) == 2.0 + LONGEST_LEAVE
