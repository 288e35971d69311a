"""A memory limit as a container has one: a control group of the kernel's, in which a worker is started."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kafka.topics import unique_name
from tests.waiting import wait_until

ROOT = Path("/sys/fs/cgroup")


@contextmanager
def memory_limit(size: int) -> Iterator[list[str]]:
    """The command that starts another in a new control group; at the limit the kernel kills its largest process."""
    version_1 = (ROOT / "memory").is_dir()
    group = (ROOT / "memory" if version_1 else ROOT) / unique_name("stillframe")
    try:
        group.mkdir()
        (group / ("memory.limit_in_bytes" if version_1 else "memory.max")).write_text(str(size))
    except OSError as error:
        pytest.skip(f"no control group of memory can be made here: {error}")
    try:
        yield ["sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$@"', "sh"]
    finally:
        wait_until(lambda: _removed(group), describe="the processes in the control group to be gone")


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except OSError:
        return False
    return True
