from pathlib import Path

import pytest

from tests.chaos.checker import check
from tests.chaos.conductor import Conductor
from tests.chaos.report import lines
from tests.chaos.settings import Protocol, Scenario, Settings
from tests.kafka import Cluster


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("own_kafka", [3], indirect=True)
def test_workers_killed_under_load_lose_nothing(own_kafka: Cluster, tmp_path: Path, protocol: Protocol) -> None:
    """Killed under every group protocol: each duplicate has its cause, order and due times are kept."""
    # Two workers: of three, cooperative-sticky may give one nothing but retry topics, and its death hits no work.
    size = {"workers": 2, "minutes": 0.75, "rate": 200.0, "count": 4}
    settings = Settings.of(Scenario.KILLS, protocol=protocol, seed=1, **size)
    verdict = check(Conductor(settings, own_kafka, tmp_path).play())
    assert verdict.sound, "\n".join(lines(verdict))
    assert verdict.acknowledged == settings.tasks
    assert any(each.again for each in verdict.recoveries), "no disturbance has hit any work"
