"""Programs that run until they are told to stop."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.packages.building import bare


@contextmanager
def running(command: list[str], log: Path, **settings: str) -> Iterator[None]:
    """The command runs, in the folder of its log."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=log.parent, env=bare(settings), stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            raise
