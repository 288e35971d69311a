import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.kafka import or_skip, private_cluster
from tests.waiting import wait_until

TEST_PROCESS = """
from tests.kafka import private_cluster
with private_cluster() as kafka:
    print(*kafka.pids, flush=True)
    input()
"""


@pytest.mark.broker
def test_a_broker_dies_with_its_test_process(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """A test run that is killed before it could clean up leaves no broker behind."""
    or_skip(private_cluster)
    run = subprocess.Popen(
        [sys.executable, "-c", TEST_PROCESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=pytestconfig.rootpath,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert run.stdout
    broker = psutil.Process(int(run.stdout.readline()))
    assert broker.is_running()

    run.kill()
    run.communicate()
    wait_until(lambda: is_gone(broker), describe=f"broker {broker.pid} to die")


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
