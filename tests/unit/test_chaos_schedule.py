"""The chaos schedule: the seed decides, and every disturbance falls into the time of the load."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.chaos.schedule import BROKERS_EVERY, NODES, OF_BROKERS, OF_WORKERS, REMOTE, Disturbance, Kind, schedule
from tests.chaos.settings import SESSION, Protocol, Scenario, Settings
from tests.chaos.stage import cues
from tests.chaos.work import Kind as Work
from tests.chaos.work import works

LASTING = {Kind.FREEZE, Kind.CUT}


def of_kinds(settings: Settings, *kinds: Kind) -> list[Disturbance]:
    return [each for each in schedule(settings) if each.kind in kinds]


@pytest.mark.parametrize("scenario", Scenario)
def test_a_seed_gives_one_run(scenario: Scenario) -> None:
    """The same seed, the same disturbances and tasks; another, others."""
    one = Settings.of(scenario, seed=1)
    assert schedule(one) == schedule(one)
    assert scenario is Scenario.QUIET or schedule(one) != schedule(replace(one, seed=2))
    short = replace(one, minutes=0.1)
    assert list(works(short)) == list(works(short)) != list(works(replace(short, seed=2)))


@pytest.mark.parametrize("scenario", Scenario)
@pytest.mark.parametrize("seed", range(5))
def test_disturbances_begin_while_tasks_are_submitted(scenario: Scenario, seed: int) -> None:
    """One that lasts may end a little after them."""
    settings = Settings.of(scenario, seed=seed)
    ends = [cue.after for cue in cues(schedule(settings))]
    assert all(0 <= each.after <= settings.seconds + 2 * SESSION for each in schedule(settings))
    assert ends == sorted(ends)
    assert max(ends, default=0.0) <= settings.seconds + 4 * SESSION


@pytest.mark.parametrize("seed", range(20))
def test_a_mixed_run_of_three_minutes_has_everything(seed: int) -> None:
    """Each kind occurs, and none twice before the others have occurred."""
    settings = Settings.of(Scenario.MIXED, seed=seed)
    found = schedule(settings)
    assert {each.kind for each in found} == set(Kind)
    workers = [each.kind for each in found if each.kind in OF_WORKERS]
    assert set(workers[: len(OF_WORKERS)]) == set(OF_WORKERS)
    assert {each.target for each in found if each.kind is Kind.CUT} == {REMOTE}
    assert all(each.seconds > SESSION for each in found if each.kind in LASTING)


@pytest.mark.parametrize("seed", range(20))
def test_one_broker_at_a_time_is_down(seed: int) -> None:
    """The next one dies when the one before has been back for a while."""
    for scenario in (Scenario.MIXED, Scenario.BROKERS):
        downs = of_kinds(Settings.of(scenario, seed=seed), *OF_BROKERS)
        assert {each.target for each in downs} <= set(range(1, NODES + 1))
        for one, other in pairwise(downs):
            assert other.after - (one.after + one.seconds) > BROKERS_EVERY / 4


@pytest.mark.parametrize("seed", range(20))
def test_no_two_kinds_of_a_worker_begin_on_one_slot_in_a_row(seed: int) -> None:
    """But for the one worker that can be cut off: it may be frozen, too."""
    found = of_kinds(Settings.of(Scenario.MIXED, seed=seed), Kind.KILL, Kind.RESTART, Kind.FREEZE)
    assert len({each.target for each in found}) > 1


def test_counts_are_kept() -> None:
    """As many kills, freezes and restarts as were asked for."""
    assert len(of_kinds(Settings.of(Scenario.KILLS), Kind.KILL)) == 20
    assert len(of_kinds(Settings.of(Scenario.FREEZE, count=3), Kind.FREEZE)) == 3
    assert len(of_kinds(Settings.of(Scenario.BROKERS), Kind.BROKER_KILL)) == 5
    restarts = of_kinds(Settings.of(Scenario.STORM, workers=8, count=16), Kind.RESTART)
    assert Counter(each.target for each in restarts) == dict.fromkeys(range(8), 16)


def test_a_rolling_run_goes_over_all_and_then_scales() -> None:
    """Five rounds over three workers, then 1, 8, 1."""
    found = schedule(Settings.of(Scenario.ROLLING))
    assert [each.target for each in found if each.kind is Kind.RESTART] == [0, 1, 2] * 5
    running, sizes = {0, 1, 2}, [3]
    for each in found:
        if each.kind in {Kind.JOIN, Kind.LEAVE}:
            running ^= {each.target}
            sizes.append(len(running))
    assert sizes == [3, 2, 1, 2, 3, 4, 5, 6, 7, 8, 7, 6, 5, 4, 3, 2, 1]


def test_every_kind_of_task_occurs() -> None:
    """Among as many as a short mixed run has; in others nothing is stuck."""
    assert {work.kind for work in works(Settings(minutes=1, seed=1))} == set(Work)
    rolling = Settings.of(Scenario.ROLLING, minutes=1)
    assert {work.kind for work in works(rolling)} == set(Work) - {Work.STUCK}


def test_settings_come_from_the_environment() -> None:
    """Unset and empty ones are the scenario's; a seed is drawn."""
    given = {"MINUTES": "0.5", "RATE": "50", "COUNT": "", "SEED": "7", "CONTROL": "0", "PROTOCOL": "consumer"}
    expected = Settings(minutes=0.5, rate=50, seed=7, protocol=Protocol.CONSUMER)
    assert Settings.from_environment(given) == expected
    assert expected.tasks == 1_500
    assert Settings.from_environment({"CONTROL": "1"}).control
    assert Settings.from_environment({"SCENARIO": "kills"}).count == 20


def test_a_process_of_the_run_reads_the_same_settings() -> None:
    """What the conductor gives to its children is what it has itself."""
    settings = Settings.of(Scenario.STORM, seed=3, protocol=Protocol.COOPERATIVE)
    environment = settings.environment("localhost:9092", Path("journals"), "load")
    assert Settings.from_environment(environment) == settings
