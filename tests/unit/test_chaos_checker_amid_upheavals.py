"""The chaos checker on what happens while leaders and coordinators move: what that explains, and what it does not."""

import pytest

from tests.chaos.checker import check
from tests.chaos.journal import Row
from tests.unit.chaos_story import T, all_is_well, name, which

REFUSED = 'KafkaError{code=COORDINATOR_LOAD_IN_PROGRESS,val=14,str="Broker: Coordinator load in progress"}'


def a_move(at: float) -> Row:
    return {"process": "conductor", "kind": "elected", "at": at, "wall": 0, "moved": 9}


@pytest.mark.parametrize(("moved_at", "explained"), [(-1.0, True), (-60.0, False)])
def test_a_client_may_write_a_record_twice_while_leaders_move(moved_at: float, explained: bool) -> None:
    """Both copies run then; without a move they would be a fault of the producer."""
    rows = all_is_well()
    end = next(which(rows, "committed", process="b"))
    end["positions"][0][1:3] = [0, 7]
    run = next(which(rows, "started", process="b", task=name(4)))
    at = float(end["at"])
    again = {"process": "b", "wall": 1_000, "run": 99}
    rows += (
        a_move(moved_at),
        {**run, **again, "at": at - 0.6, "where": (T, 0, 6)},
        {**again, "kind": "finished", "at": at - 0.5, "well": True},
        {**next(which(rows, "record", role="task")), "where": (T, 0, 6), "task": name(4)},
    )
    verdict = check(rows)
    assert verdict.sound is explained, verdict.faults
    assert bool(verdict.faults["duplicates unexplained"]) is not explained


@pytest.mark.parametrize(
    ("error", "moves", "explained"),
    [(REFUSED, True, True), (REFUSED, False, False), ("UNKNOWN_MEMBER_ID", True, False)],
)
def test_the_last_commit_of_a_revoke_may_find_a_coordinator_that_moves(
    error: str, moves: bool, explained: bool
) -> None:
    """What it would have told of runs again."""
    rows = all_is_well()
    killed = next(which(rows, "killed"))
    at = float(killed["at"])
    killed |= {"process": "a", "kind": "revoked", "ownerships": [1, 2], "unfinished": [(T, 0, 4)]}
    rows.append({"process": "a", "kind": "commit_failed", "at": at + 0.3, "wall": 0, "error": error})
    if moves:
        rows.append(a_move(at - 0.5))
    assert check(rows).sound is explained
