"""Each mistake a user can make at the command line is told in one line, with what to do, and no traceback."""

from pathlib import Path

import pytest

from stillframe.schemas.topics import TopicFamily
from tests.cli import stillframe, write_worker

NOBODY = "127.0.0.1:1"
FAMILY = TopicFamily("emails", "mailer")


@pytest.mark.parametrize(
    "command", [("lag", "--group", "mailer", "--bootstrap-servers", NOBODY), ("topics", "plan", "app:worker")]
)
def test_a_wrong_broker_address(command: tuple[str, ...], tmp_path: Path) -> None:
    """The address, the reason and the setting are named; an address on the command line wins."""
    write_worker(tmp_path, FAMILY)
    variable = "127.0.0.1:2" if "--bootstrap-servers" in command else NOBODY
    ran = stillframe(*command, cwd=tmp_path, STILLFRAME_BOOTSTRAP_SERVERS=variable)
    error, hint = ran.failure
    assert error.startswith(f"no Kafka broker answers at {NOBODY} (waited 5 s):")
    assert "Connection refused" in error
    assert "STILLFRAME_BOOTSTRAP_SERVERS" in hint
    assert (ran.code, ran.out) == (4, "")


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("app", "'app' is not module:attribute"),
        ("nowhere:worker", "no module 'nowhere'"),
        ("app:missing", "'missing' in module 'app' does not exist"),
        ("app:not_a_worker", "'not_a_worker' in module 'app' is a int, not a Worker"),
    ],
)
def test_a_worker_that_is_not_there(target: str, says: str, tmp_path: Path) -> None:
    """Module, attribute and kind are told apart; the working directory is where modules are found."""
    write_worker(tmp_path, FAMILY)
    ran = stillframe("topics", "plan", target, cwd=tmp_path)
    assert says in ran.failure[0]
    assert ran.code == 3


@pytest.mark.parametrize("command", [("worker", "app:worker"), ("lag", "-g", "g")])
def test_an_unknown_setting(command: tuple[str, ...], tmp_path: Path) -> None:
    """A misspelt variable is refused before anything is started, with the name that was meant."""
    write_worker(tmp_path, FAMILY)
    ran = stillframe(*command, cwd=tmp_path, STILLFRAME_TREADS="4")
    assert ran.failure == (
        "unknown setting(s): STILLFRAME_TREADS",
        "for STILLFRAME_TREADS: did you mean STILLFRAME_THREADS?",
    )
    assert ran.code == 3


@pytest.mark.parametrize("command", [("topics", "apply", "app:worker"), ("lag", "-g", "g")])
def test_a_refused_setting(command: tuple[str, ...], tmp_path: Path) -> None:
    """A librdkafka property that a promise stands on is refused by name, with the setting to use."""
    write_worker(tmp_path, FAMILY)
    ran = stillframe(*command, cwd=tmp_path, STILLFRAME_KAFKA='{"enable.auto.commit": true}')
    error, _ = ran.failure
    assert "enable.auto.commit" in error
    assert "commit_interval" in error
    assert ran.code == 3


def test_a_setting_out_of_range(tmp_path: Path) -> None:
    """The field and its shape are named, its value is not."""
    write_worker(tmp_path, FAMILY)
    ran = stillframe("topics", "plan", "app:worker", cwd=tmp_path, STILLFRAME_THREADS="canary")
    error, hint = ran.failure
    assert "threads" in error
    assert "canary" not in error
    assert "STILLFRAME_*" in hint
    assert ran.code == 3


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("lag",), "--group"),
        (("dlq", "redrive", "-g", "g"), "--all"),
        (("dlq", "redrive", "-g", "g", "--all", "--type", "x"), "--all alone"),
        (("topics", "plan", "app:worker", "--task-retention", "soon"), "12h, 7d"),
        (("nonsense",), "nonsense"),
    ],
)
def test_a_wrong_command_line(command: tuple[str, ...], says: str) -> None:
    """What is missing or wrong is named, and no broker is asked."""
    ran = stillframe(*command, STILLFRAME_BOOTSTRAP_SERVERS=NOBODY)
    assert ran.code == 2
    assert says in ran.err
    assert "Traceback" not in ran.err


def test_help_lists_the_exit_codes() -> None:
    """They are part of the interface."""
    shown = stillframe("--help").out
    for words in ("Exit codes", "4: no broker answers", "5: worker only"):
        assert words in shown


def test_the_version_is_shown() -> None:
    """Ours, and that of the client library underneath."""
    assert stillframe("--version").out.startswith("stillframe 0.1.0, librdkafka ")
