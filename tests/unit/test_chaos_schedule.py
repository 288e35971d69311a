"""The chaos schedule: the seed decides, and every kill falls into the time of the load."""

import pytest

from tests.chaos.schedule import schedule
from tests.chaos.settings import Settings
from tests.chaos.work import Kind, works


@pytest.mark.parametrize("seed", range(20))
def test_kills_fall_into_the_load_one_after_the_other(seed: int) -> None:
    """Each in its own share of the time, at a slot that exists."""
    kills = schedule(seed, kills=10, seconds=40, slots=2)
    assert [int(kill.after // 4) for kill in kills] == list(range(10))
    assert {kill.slot for kill in kills} <= {0, 1}


def test_a_seed_gives_one_run() -> None:
    """The same seed, the same kills and tasks; another, others."""
    assert schedule(1, 10, 40, 2) == schedule(1, 10, 40, 2) != schedule(2, 10, 40, 2)
    assert list(works(1, 100)) == list(works(1, 100)) != list(works(2, 100))


def test_every_kind_of_task_occurs() -> None:
    """Among as many as a short run has."""
    assert {work.kind for work in works(1, 2_000)} == set(Kind)


def test_settings_come_from_the_environment() -> None:
    """Unset and empty ones have defaults; a seed is drawn."""
    given = {"TASKS": "100", "RATE": "50", "KILLS": "", "SEED": "7", "CONTROL": "0"}
    assert Settings.from_environment(given) == Settings(tasks=100, rate=50, kills=10, seed=7)
    assert Settings.from_environment({"CONTROL": "1"}).control
