"""What runs on a forge is pinned to a commit and may do no more than it needs."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.packages.building import PARTS, PYTHONS, ROOT

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_action_is_pinned_to_a_commit(file: Path) -> None:
    used = [line for line in file.read_text().splitlines() if "uses:" in line]
    assert used
    assert [line for line in used if not PINNED.search(line)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_job_may_read_and_no_more(file: Path) -> None:
    workflow = read(file)
    assert workflow["permissions"] == {}
    assert "pull_request_target" not in triggers(workflow)
    for name, job in workflow["jobs"].items():
        allowed = {"id-token": "write"} if name == "publish" else {"contents": "read"}
        assert job["permissions"] == allowed, name
        assert job["timeout-minutes"], name


def test_what_is_published_was_built_once_and_tried() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    assert (jobs["publish"]["needs"], jobs["try"]["needs"]) == ("try", "build")
    assert jobs["try"]["strategy"]["matrix"]["python"] == list(PYTHONS)
    assert jobs["publish"]["strategy"]["matrix"]["part"] == list(PARTS)
    assert [name for name, job in jobs.items() if "make dist" in str(job)] == ["build"]


def test_every_python_is_tried_on_every_change() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]
    installed = jobs["everything"]["steps"][1]["with"]["python-version"].split()
    assert sorted(installed) == list(PYTHONS)
    assert jobs["pythons"]["strategy"]["matrix"]["python"] == list(PYTHONS[1:])


def read(file: Path) -> dict[Any, Any]:
    workflow: dict[Any, Any] = yaml.safe_load(file.read_text())
    return workflow


def triggers(workflow: dict[Any, Any]) -> Any:
    return workflow[True]  # YAML 1.1 takes the word `on` for a boolean
