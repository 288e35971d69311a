"""compose.yaml is valid to the last field, and agrees with the code, the Dockerfile and .env.example."""

import json
import re
import shlex

import pytest
from jsonschema import Draft7Validator

from stillframe.consumer import WorkerSettings
from stillframe.producer.settings.unknown import unknown_variables
from tests.compose import ROOT, defaults, project
from tests.kafka import jars
from tests.pages import DOCS, commands_of

SCHEMA = json.loads((ROOT / "tests" / "compose" / "specification" / "compose-spec.json").read_text(encoding="utf-8"))
SERVICES = project()["services"]
OURS = {name: each for name, each in SERVICES.items() if name != "kafka"}
EXAMPLE = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))


def test_it_is_valid() -> None:
    assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(project())] == []


def test_a_field_that_does_not_exist_would_be_found() -> None:
    wrong = project()
    wrong["services"]["worker"]["stop_grace_periode"] = "30s"
    assert len(list(Draft7Validator(SCHEMA).iter_errors(wrong))) == 1


def test_kafka_is_the_release_that_the_tests_run_on() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{jars.version()}"


@pytest.mark.parametrize("variables", [EXAMPLE, *(each["environment"] for each in OURS.values())])
def test_every_setting_is_one(variables: dict[str, str]) -> None:
    assert unknown_variables(variables) == {}


def test_the_example_has_every_variable_and_its_default() -> None:
    asked = {name: value for name, value in EXAMPLE.items() if not name.startswith("STILLFRAME_")}
    assert asked == defaults()
    settings = WorkerSettings()
    for name, value in EXAMPLE.items():
        if name.startswith("STILLFRAME_"):
            assert str(getattr(settings, name.removeprefix("STILLFRAME_").lower())) == value


def test_a_worker_has_the_time_that_its_stop_takes() -> None:
    assert SERVICES["worker"]["stop_grace_period"] == f"{WorkerSettings().grace + 5:g}s"


def test_a_worker_is_asked_where_it_answers() -> None:
    assert f"127.0.0.1:{WorkerSettings().health_port}/readyz" in SERVICES["worker"]["healthcheck"]["test"][-1]


def test_each_waits_for_what_it_needs() -> None:
    waits = {name: {of: how["condition"] for of, how in each["depends_on"].items()} for name, each in OURS.items()}
    done = {"topics": "service_completed_successfully"}
    assert waits == {"topics": {"kafka": "service_healthy"}, "worker": done, "web": done}


def test_the_image_is_built_of_what_is_there() -> None:
    steps = [line.split() for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines() if line]
    copied = [source for step, source, *_ in steps if step == "COPY"]
    assert [source for source in copied if not (ROOT / source).is_dir()] == []
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] == "!"]
    assert sorted(kept) == sorted({source.partition("/")[0] for source in copied})


def test_the_page_speaks_of_services_that_there_are() -> None:
    commands = [shlex.join(command) for command in commands_of(DOCS / "compose.md")]
    assert "docker compose run --rm topics stillframe lag --group mailer" in commands
    named = re.findall(r"^\| `(\w+)` \|", (DOCS / "compose.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert named == list(SERVICES)
