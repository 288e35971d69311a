from pathlib import Path

import pytest

from tests.chaos.checker import check
from tests.chaos.conductor import Conductor
from tests.chaos.settings import Scenario, Settings
from tests.kafka import Cluster


@pytest.mark.chaos
@pytest.mark.parametrize("own_kafka", [3], indirect=True)
def test_a_naive_consumer_is_caught(own_kafka: Cluster, tmp_path: Path) -> None:
    """The control arm: what auto-commit loses and free threads overlap, on the same schedule, is found."""
    settings = Settings.of(Scenario.KILLS, minutes=0.5, rate=100.0, count=3, seed=1, control=True)
    faults = check(Conductor(settings, own_kafka, tmp_path).play()).faults
    expected = {"lost", "overlaps of a key", "commits past the frontier"}
    assert expected <= {promise for promise, cases in faults.items() if cases}
