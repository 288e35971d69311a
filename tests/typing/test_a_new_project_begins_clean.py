"""What `stillframe new` writes passes a strict type checker, a linter and a formatter as they come."""

import subprocess
import sys
from pathlib import Path

from tests.cli import stillframe


def test_a_new_project_begins_clean(tmp_path: Path) -> None:
    assert stillframe("new", "shop", cwd=tmp_path).code == 0
    judged_by(tmp_path / "shop", "ruff", "format", "--isolated", "--check")
    judged_by(tmp_path / "shop", "ruff", "check", "--isolated", "--select=B,E,F,I,PT,UP,W")
    judged_by(tmp_path / "shop", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"))


def judged_by(folder: Path, *command: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", *command, "."], cwd=folder, check=False, capture_output=True, text=True, timeout=240
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
