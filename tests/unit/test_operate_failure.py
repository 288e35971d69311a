"""Errors on the terminal: one line, a hint, an exit code; and misspelt settings."""

import pytest

from stillframe.consumer.errors import BrokerUnreachable, UnsafeTopics
from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.operate.failure import EXIT_CODES, report
from stillframe.consumer.operate.setting_names import check_setting_names
from stillframe.schemas import DefinitionError, SettingsError, StillframeError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CommandError("no"), 1),
        (StillframeError("no"), 1),
        (SettingsError("no"), 3),
        (DefinitionError("no"), 3),
        (UnsafeTopics("no"), 3),
        (BrokerUnreachable("no"), 4),
    ],
)
def test_every_error_has_its_exit_code(error: StillframeError, code: int) -> None:
    """Scripts tell a refusal from an outage; every code is documented."""
    assert report(error) == code
    assert code in EXIT_CODES


def test_an_error_is_a_line_and_its_hints(capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong first, then what to do; on standard error, so that a pipe stays clean."""
    report(hinted(hinted(CommandError("no such group"), "try another"), "or none"))
    assert capsys.readouterr() == ("", "error: no such group\nhint: try another\nhint: or none\n")


def test_an_error_without_a_hint_gets_that_of_its_kind(capsys: pytest.CaptureFixture[str]) -> None:
    """Settings and declarations are wrong somewhere: the hint says where to look."""
    report(SettingsError("threads is out of range"))
    assert "hint: settings come from code, then STILLFRAME_* variables" in capsys.readouterr().err


def test_a_misspelt_variable_is_refused_with_the_nearest() -> None:
    """It must not pass in silence: the default would be used instead."""
    with pytest.raises(SettingsError, match="STILLFRAME_BOOTSTRAP_SERVER") as refused:
        check_setting_names({"STILLFRAME_BOOTSTRAP_SERVER": "x", "STILLFRAME_THREADS": "4"})
    assert refused.value.__notes__ == ["for STILLFRAME_BOOTSTRAP_SERVER: did you mean STILLFRAME_BOOTSTRAP_SERVERS?"]


def test_variables_of_every_part_are_known() -> None:
    """Web application and worker share an environment."""
    check_setting_names({"STILLFRAME_QUEUE_SIZE": "1", "STILLFRAME_PARTITION_SPAN": "1", "PATH": ""})


def test_a_kubernetes_service_is_no_setting() -> None:
    """A service called stillframe-web puts its address into every pod's environment."""
    links = {
        "STILLFRAME_WEB_SERVICE_HOST": "10.0.0.1",
        "STILLFRAME_WEB_SERVICE_PORT": "80",
        "STILLFRAME_WEB_SERVICE_PORT_HTTP": "80",
        "STILLFRAME_WEB_PORT": "tcp://10.0.0.1:80",
        "STILLFRAME_WEB_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    check_setting_names(links)
    with pytest.raises(SettingsError):
        check_setting_names(links | {"STILLFRAME_WEBPORT": "1"})
    with pytest.raises(SettingsError):
        check_setting_names({"STILLFRAME_WEB_PORT": "80"})
