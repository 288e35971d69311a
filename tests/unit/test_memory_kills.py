"""Memory kills are read from the control group, of either version, or else of the machine; never guessed."""

from pathlib import Path

import pytest

from stillframe.consumer.quarantine import kernel
from stillframe.consumer.quarantine.kernel import MemoryKills, is_stopped, kills_whole_group
from stillframe.consumer.quarantine.pulse import TICK


@pytest.fixture
def cgroups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Control groups without any file, of a machine that tells nothing."""
    root = tmp_path / "cgroup"
    monkeypatch.setattr(kernel, "CGROUPS", root)
    monkeypatch.setattr(kernel, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(kernel, "MACHINE", tmp_path / "vmstat")
    (tmp_path / "membership").write_text("0::/pod/worker\n")
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("membership", "counter"),
    [
        ("0::/pod/worker\n", "pod/worker/memory.events"),
        ("0::/../../host/path\n", "memory.events"),
        ("12:memory:/pod\n0::/pod\n", "unified/pod/memory.events"),
        ("12:memory:/pod\n1:name=systemd:/pod\n", "memory/pod/memory.oom_control"),
        ("12:memory:/docker/0a\n", "memory/memory.oom_control"),
        ("0::/\n", "../vmstat"),
    ],
)
def test_a_kill_is_seen(cgroups: Path, membership: str, counter: str) -> None:
    (cgroups.parent / "membership").write_text(membership)
    write(cgroups / "place", "")
    write(cgroups / counter, "low 0\noom 7\noom_kill 1\n")
    kills = MemoryKills(0)
    assert not kills.recent
    write(cgroups / counter, "low 0\noom 8\noom_kill 2\n")
    assert kills.recent


def test_only_kills_of_late_count(cgroups: Path) -> None:
    """The kernel counts first, and the process may take its time to die."""
    counter = cgroups / "pod/worker/memory.events"
    write(counter, "oom_kill 0\n")
    kills = MemoryKills(0)
    write(counter, "oom_kill 1\n")
    for second in range(1, 15):
        kills.look(second * TICK)
        assert kills.recent
    kills.look(14.5 * TICK)
    for second in range(15, 31):
        kills.look(second * TICK)
    assert not kills.recent


@pytest.mark.parametrize("text", ["", "oom_kill\n", "oom_kill many\n", "oom 4\n"])
def test_where_nothing_can_be_read_there_was_none(cgroups: Path, text: str) -> None:
    write(cgroups / "pod/worker/memory.events", text)
    assert not MemoryKills(0).recent


def test_a_machine_without_control_groups_is_no_error(cgroups: Path) -> None:
    (cgroups.parent / "membership").unlink()
    assert not MemoryKills(0).recent
    assert not kills_whole_group()


@pytest.mark.parametrize(("text", "whole"), [("1\n", True), ("0\n", False)])
def test_whether_the_whole_group_is_killed(cgroups: Path, text: str, whole: bool) -> None:
    write(cgroups / "pod/worker/memory.oom.group", text)
    assert kills_whole_group() is whole


def test_a_process_that_runs_or_is_no_more_is_not_stopped() -> None:
    assert not is_stopped(1)
    assert not is_stopped(2**22 + 1)
