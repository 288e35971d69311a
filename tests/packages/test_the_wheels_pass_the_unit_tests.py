"""The unit tests pass where the wheels are installed and the sources are nowhere."""

import shutil
import sys
from pathlib import Path

from tests.packages.building import PARTS, ROOT, environment, run

#: What the unit tests read besides themselves.
READ = ("bench", "docs", "examples", "k8s", "tests", "pyproject.toml", "CHANGELOG.md", "CONTRIBUTING.md", "README.md")


def test_the_wheels_pass_the_unit_tests(distributions: Path, tmp_path: Path) -> None:
    programs = environment(tmp_path / "venv", sys.executable, distributions, ["stillframe-consumer"], tools=True)
    elsewhere = tmp_path / "elsewhere"
    for name in READ:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        elsewhere.mkdir(exist_ok=True)
        copy(ROOT / name, elsewhere / name)
    found = "import stillframe.{0} as part; print(part.__file__)"
    for part in PARTS:
        assert str(tmp_path / "venv") in run([str(programs / "python"), "-c", found.format(part)], cwd=elsewhere)
    passed = run(
        [str(programs / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit"], cwd=elsewhere
    )
    assert "layers: unit" in passed
