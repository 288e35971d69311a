"""A worker that is told to stop before it has begun has lost nothing, and says so with exit code 0."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.waiting import wait_until

SLOW_TO_IMPORT = """
import pathlib, threading
pathlib.Path("importing").touch()
threading.Event().wait(60)
"""


def test_a_stop_while_the_worker_is_imported_is_clean(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW_TO_IMPORT)
    command = [str(Path(sys.executable).with_name("stillframe")), "worker", "slow:worker"]
    with subprocess.Popen(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)}) as process:
        wait_until((tmp_path / "importing").exists, timeout=30, describe="the import to begin")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
