"""The chaos checker on brokers that end: each rebalance is put down to the last of them, and a stop to none."""

from typing import Any

import pytest

from tests.chaos.checker import check
from tests.chaos.journal import Row

Story = dict[float, tuple[str, str, dict[str, Any]]]

KILLED = {"leads": 3, "coordinator": False}
CALM: Story = {
    0: ("a", "assigned", {"positions": [["t", 0, 0, "", 1]]}),
    10: ("conductor", "broker_killed", {"node": 1, **KILLED}),
    50: ("conductor", "broker_killed", {"node": 2, **KILLED}),
    80: ("conductor", "settled", {"lag": 0}),
    81: ("a", "stopped", {"unfinished": []}),
}
LOST = ("a", "lost", {"ownerships": [1]})
AGAIN = ("a", "assigned", {"positions": [["t", 0, 0, "", 2]]})


def rebalances(*more: Story) -> list[int]:
    rows: list[Row] = []
    for story in (CALM, *more):
        rows += [
            {"process": p, "kind": k, "at": float(at), "wall": 0, **facts} for at, (p, k, facts) in story.items()
        ]
    return [each.rebalances for each in check(rows).brokers]


@pytest.mark.parametrize(("lost", "found"), [(9, [0, 0]), (12, [1, 0]), (49, [1, 0]), (51, [0, 1]), (79, [0, 1])])
def test_a_session_that_is_lost_late_is_the_last_brokers(lost: float, found: list[int]) -> None:
    """However long the session is."""
    assert rebalances({lost: LOST, lost + 0.3: AGAIN}) == found


def test_the_stop_of_all_workers_is_no_rebalance() -> None:
    """Nor is what happens before the first broker ends."""
    assert rebalances() == [0, 0]
    assert rebalances({80.5: LOST}) == [0, 0]
