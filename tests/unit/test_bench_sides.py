"""What the sides of the comparison are told, and what becomes of one that cannot be had."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench import comparison, peers, scale
from bench.__main__ import chosen
from bench.comparison import Effort, compare, prepared
from bench.meter import Look, figures
from bench.peers import NotHere
from bench.plan import Plan
from bench.results import Measured
from bench.running import reason, together
from bench.scenarios import FULL, QUICK, Scenario
from bench.sides.table import SIDES, Ready, Side
from bench.work import make_work
from tests.kafka.kafka import Kafka, KafkaElsewhere

PLAN = Plan(bootstrap="localhost:1", topic="orders", group="g", records=10, warm_up=1, seconds=2)


def test_each_scenario_names_sides_that_there_are() -> None:
    """A slip of the pen would end a run of half an hour."""
    assert {side for scenario in FULL + QUICK for side in scenario.sides} <= set(SIDES)


def test_one_scenario_and_some_sides_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a word, all of them."""
    assert chosen(FULL) == FULL
    monkeypatch.setenv("ONLY", "no-op, 1 key")
    monkeypatch.setenv("SIDES", "stillframe,quix")
    assert [(each.name, each.sides) for each in chosen(FULL)] == [("no-op, 1 key", ("stillframe",))]


def test_a_case_is_a_share_of_the_plain_one_in_the_same_round() -> None:
    """The median of the shares, not the share of the medians."""
    plain, case = ([Measured(rate, 80, 200) for rate in rates] for rates in ((100, 200, 400), (50, 200, 100)))
    assert scale.row("1 partition", case, plain) == {
        "": "1 partition",
        "tasks/s": "100",
        "of the first": 0.5,
        "µs of processor each": "80",
        "resident MB": "200",
    }


def test_a_plan_survives_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process of a side is told all of it."""
    monkeypatch.setattr(sys, "argv", ["side", PLAN.to_json()])
    assert Plan.of_command_line() == PLAN


def test_figures_are_of_the_window_alone() -> None:
    """What was handled before it began has no part in it, and costs nothing."""
    found = figures(Look(at=10.0, handled=1_000, processor=3.0), Look(at=12.0, handled=5_000, processor=3.4), 0)
    assert found == {"rate": 2_000.0, "cpu": pytest.approx(100.0)}
    assert figures(Look(0.0, 7, 0.0), Look(1.0, 7, 0.0), 0)["rate"] == 0


def test_under_skewed_keys_the_rate_is_what_the_hottest_key_sustains() -> None:
    """What is done of cold keys, while the buffer fills up with the hot one's tasks, does not last."""
    begin, end = Look(0.0, 0, 0.0, hottest=10), Look(2.0, 10_000, 1.0, hottest=210)
    assert figures(begin, end, 0.2) == {"rate": pytest.approx(500.0), "cpu": pytest.approx(100.0)}


def test_a_side_that_cannot_be_had_says_why_and_the_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked once, since an installer may take minutes to give up."""
    asked: list[str] = []

    def absent() -> Ready:
        asked.append("absent")
        raise NotHere("it needs Java 17 and Maven")

    def measure(_kafka: Kafka, _scenario: Scenario, side: str, _effort: Effort) -> Measured:
        prepared(side)
        return found

    found = Measured(100, 1, 1)
    monkeypatch.setitem(SIDES, "absent", Side("not here", absent))
    monkeypatch.setattr(comparison, "measure", measure)
    scenario, kafka = Scenario(name="no-op", sides=("absent", "validating")), KafkaElsewhere("", "", "")
    rows = compare(kafka, (scenario,), Effort(rounds=2, records=10, warm_up=1, seconds=1))
    assert [(row.not_run, row.measured) for row in rows] == [
        ("it needs Java 17 and Maven", []),
        (None, [found, found]),
    ]
    assert asked == ["absent"]


def test_a_package_that_cannot_be_installed_says_what_the_installer_said() -> None:
    """Its last line, which is the cause."""
    with pytest.raises(NotHere, match="it cannot be installed: no such version"):
        peers.command("it", sys.executable, "-c", "import sys; sys.exit('much ado\\nno such version')")
    with pytest.raises(NotHere, match="it cannot be installed: FileNotFoundError"):
        peers.command("it", Path("/nowhere/uv"))


def test_a_python_that_is_too_old_for_a_peer_is_a_reason() -> None:
    """Whatever else is on the path."""
    assert peers.interpreter((3, 11)) == sys.executable
    with pytest.raises(NotHere, match="it needs Python 9.0 or newer"):
        peers.interpreter((9, 0))


def test_processes_that_share_a_backlog_are_one_figure() -> None:
    """Rates and memory add up; what each task cost is weighed by who did more of them."""
    assert together([Measured(300, 10, 50), Measured(100, 30, 60)]) == Measured(400, 15, 110)


def test_a_side_that_fails_gives_its_last_words() -> None:
    """Or how long was waited for it."""
    assert reason("Traceback\n  …\nKeyError: 'x'\n\n", 90) == "KeyError: 'x'"
    assert reason("\n", 90) == "no figure within 90 s"


def test_modules_that_peers_import_need_nothing_but_the_standard_library() -> None:
    """A peer's environment has neither our dependencies nor our client."""
    imports = "import bench.plan, bench.meter, bench.work, sys; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", imports], capture_output=True, text=True, check=True)
    assert not {"confluent_kafka", "pydantic", "stillframe", "tests"} & {
        name.partition(".")[0] for name in ran.stdout.split()
    }


def test_work_that_does_nothing_and_work_that_takes_its_time() -> None:
    """The time itself is not asserted: it is the machine's."""
    for kind in ("nothing", "busy", "sleep"):
        make_work(Plan(**{**PLAN.__dict__, "work": kind, "milliseconds": 0.01}))()
