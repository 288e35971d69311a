"""What one run is, and where its parts find each other."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Self

SLOTS = 2
#: Short, for a classic group waits for its dead: with 6 s, ten kills in 40 s left it without an owner of any
#: partition for most of the time, and seven of the ten hit a worker that had nothing.
SESSION_MS = 3_000
TOPIC = "chaos"
GROUP = "survivors"
PARTITIONS = 6

#: What the processes of a run are told through their environment, beside STILLFRAME_BOOTSTRAP_SERVERS.
FOLDER = "CHAOS_FOLDER"
PROCESS = "CHAOS_PROCESS"


@dataclass(frozen=True)
class Settings:
    """How much happens in a run; `control` runs the naive consumer in place of Stillframe's worker."""

    tasks: int = 20_000
    rate: float = 500.0
    kills: int = 10
    seed: int = 0
    control: bool = False

    @classmethod
    def from_environment(cls, given: Mapping[str, str] = os.environ) -> Self:
        """TASKS, RATE (per second), KILLS, SEED and CONTROL; a seed that is not given is drawn."""
        return cls(
            tasks=int(given.get("TASKS") or cls.tasks),
            rate=float(given.get("RATE") or cls.rate),
            kills=int(given.get("KILLS") or cls.kills),
            seed=int(given.get("SEED") or SystemRandom().randrange(1_000_000)),
            control=given.get("CONTROL", "") not in {"", "0"},
        )

    @property
    def seconds(self) -> float:
        """How long tasks are submitted."""
        return self.tasks / self.rate

    def environment(self, bootstrap_servers: str, folder: Path, process: str) -> dict[str, str]:
        """The environment of one process of the run."""
        ours = {
            "STILLFRAME_BOOTSTRAP_SERVERS": bootstrap_servers,
            FOLDER: str(folder),
            PROCESS: process,
            "TASKS": str(self.tasks),
            "RATE": str(self.rate),
            "SEED": str(self.seed),
        }
        return os.environ | ours


def here() -> tuple[Path, str]:
    """In a process of the run: the folder of the journals, and this process's name."""
    return Path(os.environ[FOLDER]), os.environ[PROCESS]
