"""A scenario's figures: within the bound passes, beyond it fails, and what could not be measured fails."""

from dataclasses import replace

import pytest

from tests.chaos.checker import Verdict, check
from tests.chaos.checker.facts import Exit, Outage
from tests.chaos.checker.recovery import Amid, BrokerRecovery
from tests.chaos.figures import POOL, figures
from tests.chaos.settings import Scenario, Settings
from tests.unit.chaos_story import all_is_well

SOUND = check(all_is_well())
#: Whose partitions somebody else has to have in time, and where that is asked.
TAKEN_OVER = [
    ("killed", Scenario.KILLS),
    ("frozen", Scenario.FREEZE),
    *((kind, Scenario.MIXED) for kind in ("killed", "frozen", "cut off")),
]


def missed(scenario: Scenario, verdict: Verdict, quiet: Verdict | None = None) -> list[str]:
    settings = Settings.of(scenario, rate=10)
    return [figure.name for figure in figures(settings, verdict, quiet) if not figure.reached]


@pytest.mark.parametrize("scenario", Scenario)
def test_a_loss_fails_every_scenario(scenario: Scenario) -> None:
    """Whatever else is well."""
    lost = replace(SOUND, faults=SOUND.faults | {"lost": ("task 7",)})
    assert "lost" in missed(scenario, lost)
    assert "lost" not in missed(scenario, SOUND)


def test_duplicates_of_a_kill_are_bounded_by_pool_and_commit_interval() -> None:
    """Each kill's for itself."""
    (kill,) = SOUND.recoveries
    most = POOL + 10
    within, beyond = replace(kill, again=most), replace(kill, again=most + 1)
    assert missed(Scenario.KILLS, replace(SOUND, recoveries=(within, within))) == []
    assert missed(Scenario.KILLS, replace(SOUND, recoveries=(within, beyond))) == [
        "duplicates after one kill, at most"
    ]


@pytest.mark.parametrize(("kind", "scenario"), TAKEN_OVER)
@pytest.mark.parametrize(("amid", "most"), [(Amid.NOTHING, 17.0), (Amid.BROKERS, 29.0), (Amid.WORKERS_TOO, 41.0)])
def test_a_takeover_may_take_two_sessions_and_five_seconds(
    kind: str, scenario: Scenario, amid: Amid, most: float
) -> None:
    """And two more while brokers end, and again two while more workers fall silent.

    What nobody took has taken too long; what was kept, no time.
    """
    hit = replace(SOUND.recoveries[0], kind=kind, amid=amid)
    name = f"until others had all of a {kind} worker's{amid}"
    for seconds, kept, names in ((most, 0, []), (most + 0.1, 0, [name]), (None, 1, [name]), (None, 2, [])):
        recovery = replace(hit, seconds=seconds, kept=kept)
        assert missed(scenario, replace(SOUND, recoveries=(recovery,))) == names


def test_a_rolling_restart_duplicates_nothing_and_exits_with_0() -> None:
    """In time."""
    quiet = replace(SOUND, duplicates=(), exits=(Exit("a", 0, 25.0),))
    assert missed(Scenario.ROLLING, quiet) == []
    assert missed(Scenario.ROLLING, SOUND) == ["duplicates"]
    late = replace(quiet, exits=(Exit("a", 0, 1.0), Exit("b", 5, 25.1)))
    assert missed(Scenario.ROLLING, late) == ["longest from SIGTERM to exit", "exit codes other than 0"]


def test_a_storm_may_take_half_as_long_again_and_a_minute() -> None:
    """As the quiet run of the same load."""
    quiet = replace(SOUND, seconds=100.0)
    assert missed(Scenario.STORM, replace(SOUND, seconds=210.0), quiet) == []
    assert missed(Scenario.STORM, replace(SOUND, seconds=210.1), quiet) == ["storm"]
    assert missed(Scenario.STORM, replace(SOUND, seconds=None), quiet) == ["storm"]


def test_a_frozen_worker_starts_nothing_of_others() -> None:
    """Nor is a commit of its taken."""
    (kill,) = SOUND.recoveries
    frozen = replace(kill, kind="frozen")
    assert missed(Scenario.FREEZE, replace(SOUND, recoveries=(frozen,))) == []
    late = replace(SOUND, recoveries=(replace(frozen, late=1),))
    assert missed(Scenario.FREEZE, late) == ["started after others had its partitions"]
    begun = [replace(SOUND, recoveries=(frozen, replace(frozen, begun=number))) for number in (2, 3)]
    assert [missed(Scenario.FREEZE, each) for each in begun] == [
        [],
        ["taken before the freeze, and started after it"],
    ]
    taken = replace(SOUND, recoveries=(frozen,), faults=SOUND.faults | {"commits after a lost session": ("7",)})
    assert missed(Scenario.FREEZE, taken) == ["commits taken from who had lost its session"]


def test_a_broker_that_does_not_coordinate_causes_no_rebalance() -> None:
    """One that does may."""
    for coordinator, names in ((True, []), (False, ["rebalances though the coordinator lived"])):
        outage = Outage(1.0, "killed", 2, leads=3, coordinator=coordinator)
        verdict = replace(SOUND, brokers=(BrokerRecovery(outage, silence=1.0, rebalances=1),))
        assert missed(Scenario.BROKERS, verdict) == names
