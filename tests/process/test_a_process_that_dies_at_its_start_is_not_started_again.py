"""What dies while it is imported dies by no task: the supervisor says so and exits with 6, or 128 and the signal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

DEATHS = {"import os; os._exit(0)": 6, "import ctypes; ctypes.string_at(0)": 139}


@pytest.mark.parametrize("death", DEATHS)
def test_a_process_that_dies_at_its_start_is_not_started_again(tmp_path: Path, death: str) -> None:
    (tmp_path / "dying.py").write_text(f"open('starts', 'a').write('once ')\n{death}\n")
    command = [str(Path(sys.executable).with_name("stillframe")), "worker", "dying:worker"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=False)
    assert ended.returncode == DEATHS[death]
    assert (tmp_path / "starts").read_text() == "once "
    assert b"before it had begun" in ended.stderr
