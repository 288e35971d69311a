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
def test_whatever_is_disturbed_nothing_is_lost(own_kafka: Cluster, tmp_path: Path, protocol: Protocol) -> None:
    """Killed, stopped, frozen, cut off: each duplicate has its cause, order and due times are kept."""
    settings = Settings.of(Scenario.MIXED, minutes=0.5, protocol=protocol, seed=1)
    verdict = check(Conductor(settings, own_kafka, tmp_path).play())
    assert verdict.sound, "\n".join(lines(verdict))
    assert verdict.acknowledged == settings.tasks
    assert any(each.again for each in verdict.recoveries), "no disturbance has hit any work"
