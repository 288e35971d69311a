"""The sides by name: what they are, and how the process of each is started."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ready:
    """How to start a side: the command before its plan, and variables."""

    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        return os.environ | self.environment


@dataclass(frozen=True)
class Side:
    """A row of the tables.

    Attributes:
        title: what the row is, for who reads the results.
        prepare: installs what is missing, and tells how to start it. It raises ``NotHere`` if it cannot.
        warm_up: factor to the seconds that are not measured; a JVM compiles for longer.
    """

    title: str
    prepare: Callable[[], Ready]
    warm_up: float = 1.0


def local(module: str) -> Callable[[], Ready]:
    """A side that runs in the environment of the workspace."""
    return lambda: Ready([sys.executable, "-m", f"bench.sides.{module}"], {"PYTHONPATH": str(ROOT)})


SIDES = {
    "bare": Side("the bare client's `consume`: its limit", local("bare")),
    "validating": Side("the same, pydantic on each value: the interpreter's limit, **L**", local("validating")),
    "decoding": Side("the same with our `decode`, as a worker calls it", local("decoding")),
    "sharded": Side("each batch split by key on threads, a barrier after it, validating", local("sharded")),
    "pool": Side("ThreadPoolExecutor, a future for each message, validating; no order", local("pool")),
    "stillframe": Side("a Stillframe worker as it comes", local("ours")),
}
