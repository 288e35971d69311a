"""What a chaos run prints of its disturbances: each, and the worst of those that came more than once."""

from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.checker import check
from tests.chaos.checker.facts import Outage
from tests.chaos.checker.recovery import BrokerRecovery, Recovery
from tests.chaos.report import lines
from tests.unit.chaos_story import all_is_well

SOUND = check(all_is_well())
KILL = replace(SOUND.recoveries[0], partitions=2, running=1, again=5, late=0, seconds=6.0)


def of_workers(*recoveries: Recovery) -> list[list[str]]:
    told = list(lines(replace(SOUND, recoveries=recoveries)))
    return [line.split() for line in told[3 : 3 + told[3:].index("")]]


def test_a_single_kill_is_a_row() -> None:
    """And none besides."""
    assert of_workers(KILL) == [["a", "killed", "2", "1", "5", "0", "6.0", "s"]]


@pytest.mark.parametrize(
    ("other", "worst"),
    [
        ({"running": 4, "seconds": 7.5}, ["2", "4", "5", "0", "7.5", "s"]),
        ({"again": 3, "late": 2, "seconds": 1.0}, ["2", "1", "5", "2", "6.0", "s"]),
        ({"seconds": None}, ["2", "1", "5", "0", "never"]),
        ({"kept": 2, "seconds": 0.0}, ["2", "1", "5", "0", "6.0", "s"]),
    ],
)
def test_the_worst_of_two_kills_is_a_row(other: dict[str, Any], worst: list[str]) -> None:
    """Of each column for itself."""
    *_, last = of_workers(KILL, replace(KILL, **other))
    assert last == ["killed", "2", "times,", "at", "most", *worst]


@pytest.mark.parametrize(("kept", "told"), [(2, ["kept"]), (1, ["6.0", "s"])])
def test_what_a_worker_kept_is_no_takeover(kept: int, told: list[str]) -> None:
    """But what it did not keep is."""
    (row,) = of_workers(replace(KILL, kind="frozen", kept=kept))
    assert row == ["a", "frozen", "2", "1", "5", "0", *told]


def test_the_worst_of_two_brokers_is_a_row() -> None:
    """With how many of them coordinated."""
    first = BrokerRecovery(Outage(1.0, "killed", 2, leads=3, coordinator=True), silence=1.0, rebalances=2)
    second = BrokerRecovery(Outage(9.0, "killed", 1, leads=5, coordinator=False), silence=4.0, rebalances=0)
    told = [line.split() for line in lines(replace(SOUND, recoveries=(), brokers=(first, second)))]
    assert ["killed", "2", "times,", "at", "most", "5", "1", "2", "4.0", "s"] in told
