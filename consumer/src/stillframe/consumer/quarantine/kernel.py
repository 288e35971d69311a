"""What the kernel tells: who was killed for want of memory, and whether a process is stopped."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stillframe.consumer.quarantine.pulse import TICK

CGROUPS: Final = Path("/sys/fs/cgroup")
MEMBERSHIP: Final = Path("/proc/self/cgroup")
#: Seconds: the kernel counts first, and on a busy machine a large process takes long to die.
RECENT: Final = 15.0
#: Of the whole machine: better than nothing, where no control group can be read.
MACHINE: Final = Path("/proc/vmstat")


class MemoryKills:
    """Tells whether the kernel has killed for want of memory of late: in our own control group if that can
    be read, else anywhere on the machine. Where nothing can be read, it never has.
    """

    def __init__(self, now: float) -> None:
        self._source = next((path for path in _sources() if _read(path) is not None), None)
        self._looks = deque([(now, self._count())])

    def look(self, now: float) -> None:
        """To be called every second or so."""
        if now - self._looks[-1][0] < TICK:
            return
        self._looks.append((now, self._count()))
        while now - self._looks[1][0] >= RECENT:
            self._looks.popleft()

    @property
    def recent(self) -> bool:
        return self._count() > self._looks[0][1]

    def _count(self) -> int:
        return 0 if self._source is None else _read(self._source) or 0


def kills_whole_group() -> bool:
    """Whether reaching the memory limit ends every process of our control group, the supervisor too."""
    for path in _own("memory.oom.group"):
        try:
            return path.read_text().strip() == "1"
        except OSError:
            continue
    return False


def _sources() -> Iterator[Path]:
    yield from _own("memory.events")
    yield from _own("memory.oom_control")
    yield MACHINE


def _own(name: str) -> Iterator[Path]:
    """Where a file of our control group may be: version 2, its place beside version 1, and version 1.

    In a container the membership may be told as the host sees it, while only its own part is mounted.
    """
    try:
        lines = MEMBERSHIP.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        roots = {"": ("", "unified"), "memory": ("memory",)}.get(controllers, ())
        for root in roots:
            yield CGROUPS / root / path.lstrip("/") / name
            yield CGROUPS / root / name


def _read(path: Path) -> int | None:
    """All of these files count in a line of the same form."""
    try:
        counts = (line.split() for line in path.read_text().splitlines())
        return next((int(count[1]) for count in counts if count[:1] == ["oom_kill"]), None)
    except (OSError, ValueError, IndexError):
        return None


def is_stopped(pid: int) -> bool:
    """Whether somebody holds this process (SIGSTOP, a debugger); no, where that cannot be read."""
    try:
        # The name, in parentheses, may hold anything.
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state in {"T", "t"}
