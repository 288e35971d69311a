from pathlib import Path

import pytest

from tests.chaos.checker import check
from tests.chaos.conductor import Conductor
from tests.chaos.report import lines
from tests.chaos.settings import Settings
from tests.kafka import Cluster


@pytest.mark.chaos
def test_workers_killed_under_load_lose_nothing(own_kafka: Cluster, tmp_path: Path) -> None:
    """Whoever is killed whenever: no task is lost, each duplicate has its cause, order and due times are kept."""
    settings = Settings(tasks=2_000, kills=2, seed=1)
    verdict = check(Conductor(settings, own_kafka, tmp_path).play())
    assert verdict.sound, "\n".join(lines(verdict))
    assert verdict.acknowledged == settings.tasks
    assert any(kill.again for kill in verdict.kills), "no kill has hit any work"
