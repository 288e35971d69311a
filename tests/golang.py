"""Go's own tools, for the producer that is written in it."""

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "examples" / "gin-producer"
#: From here on Go fetches by itself the release that go.mod asks for.
OLDEST = (1, 21)
#: Pure Go, and without a codec of Gin's that nobody uses: it takes a third of the time to compile.
ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "-tags=nomsgpack -buildvcs=false"}


def go(*arguments: str) -> str:
    """Run `go` in the project, and return what it prints. Without Go the test is skipped, and on CI it fails.

    One at a time: two of them would compile the same packages beside each other.
    """
    command = found_or_skip()
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    with (cache / "go.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = subprocess.run(
            [command, *arguments],
            cwd=PROJECT,
            env={**os.environ, **ENVIRONMENT},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def found_or_skip() -> str:
    command = shutil.which("go")
    if command is None or _version(command) < OLDEST:
        reason = f"no Go here: install {'.'.join(map(str, OLDEST))} or newer"
        if os.environ.get("CI"):
            pytest.fail(f"CI must not skip the tests of the producer in Go: {reason}", pytrace=False)
        pytest.skip(reason)
    return command


def _version(command: str) -> tuple[int, int]:
    said = subprocess.run([command, "version"], capture_output=True, text=True, timeout=60, check=True).stdout
    found = re.search(r"go(\d+)\.(\d+)", said)
    return (0, 0) if found is None else (int(found[1]), int(found[2]))
