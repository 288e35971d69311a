"""What one run is, and where its parts find each other."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from random import SystemRandom
from typing import Any, Self

#: Seconds: as short as Kafka's defaults allow it, so that much can happen in a minute.
SESSION = 6.0
#: What workers have by default. A broker that dies holds up all that a coordinator writes, and with it commits
#: and heartbeats, until the controller takes it out of the replica sets: 3 s with our brokers, and twice as
#: long if it was the controller itself. So 6 s may be too short for the death of any broker.
DEFAULT_SESSION = 45.0
#: Seconds that a stopped worker gives to what still runs. Stuck tasks need more, and are left behind.
GRACE = 10.0
TOPIC = "chaos"
GROUP = "survivors"

#: What the processes of a run are told through their environment, beside STILLFRAME_BOOTSTRAP_SERVERS.
FOLDER = "CHAOS_FOLDER"
PROCESS = "CHAOS_PROCESS"


class Scenario(StrEnum):
    """Which disturbances a run has."""

    MIXED = "mixed"  # all of them, two at a time
    KILLS = "kills"
    ROLLING = "rolling"
    STORM = "storm"
    FREEZE = "freeze"
    BROKERS = "brokers"
    QUIET = "quiet"  # none: what a storm is compared with


class Protocol(StrEnum):
    """How the group shares its partitions out."""

    EAGER = "eager"
    COOPERATIVE = "cooperative"
    CONSUMER = "consumer"  # KIP-848

    def properties(self, session: float) -> dict[str, Any]:
        """Librdkafka's; a KIP-848 group has its session from the broker."""
        if self is Protocol.CONSUMER:
            return {"group.protocol": "consumer"}
        assignor = {Protocol.EAGER: "range", Protocol.COOPERATIVE: "cooperative-sticky"}[self]
        asked = {"session.timeout.ms": round(session * 1_000), "heartbeat.interval.ms": 500}
        return asked | {"partition.assignment.strategy": assignor}


@dataclass(frozen=True)
class Settings:
    """How much happens in a run.

    Attributes:
        minutes: how long tasks are submitted; all disturbances begin in that time.
        rate: tasks per second.
        count: how many kills, freezes, rounds of a rolling restart, restarts of each worker.
        session: seconds for which a worker may be silent; the scenario's own.
        control: the naive consumer runs in place of Stillframe's worker.
    """

    scenario: Scenario = Scenario.MIXED
    minutes: float = 3.0
    rate: float = 100.0
    workers: int = 3
    partitions: int = 6
    count: int = 0
    protocol: Protocol = Protocol.EAGER
    seed: int = 0
    session: float = SESSION
    control: bool = False

    @classmethod
    def of(cls, scenario: Scenario, **changes: Any) -> Self:
        """The preset of a scenario, with some values changed."""
        return replace(cls(scenario), **PRESETS.get(scenario, {}) | changes)

    @classmethod
    def from_environment(cls, given: Mapping[str, str] = os.environ) -> Self:
        """SCENARIO's preset, and over it what else is given; a seed that is not given is drawn."""
        said = {name: given[name.upper()] for name in READ if given.get(name.upper())}
        changes = {name: READ[name](value) for name, value in said.items()}
        scenario = Scenario(given.get("SCENARIO") or Scenario.MIXED)
        return cls.of(scenario, **{"seed": SystemRandom().randrange(1_000_000)} | changes)

    @property
    def seconds(self) -> float:
        """How long tasks are submitted."""
        return self.minutes * 60

    @property
    def tasks(self) -> int:
        """How many tasks there are."""
        return round(self.seconds * self.rate)

    def environment(self, bootstrap_servers: str, folder: Path, process: str) -> dict[str, str]:
        """The environment of one process of the run."""
        ours = {name.upper(): str(getattr(self, name)) for name in READ if name != "control"}
        places = {"STILLFRAME_BOOTSTRAP_SERVERS": bootstrap_servers, FOLDER: str(folder), PROCESS: process}
        return os.environ | ours | places | {"SCENARIO": str(self.scenario)}

    def __str__(self) -> str:
        size = f"{self.workers} workers, {self.partitions} partitions, {self.tasks} tasks at {self.rate:g}/s"
        return f"SCENARIO={self.scenario} PROTOCOL={self.protocol} SEED={self.seed} COUNT={self.count}: {size}"


READ: dict[str, Callable[[str], Any]] = {
    "minutes": float,
    "rate": float,
    "workers": int,
    "partitions": int,
    "count": int,
    "protocol": Protocol,
    "seed": int,
    "control": lambda text: text != "0",
}

PRESETS: dict[Scenario, dict[str, Any]] = {
    Scenario.KILLS: {"count": 20, "minutes": 5.0, "rate": 500.0},
    Scenario.ROLLING: {"count": 5, "minutes": 4.0, "rate": 200.0, "partitions": 8},
    Scenario.STORM: {"count": 16, "minutes": 5.0, "rate": 100_000 / 300, "workers": 8, "partitions": 32},
    Scenario.QUIET: {"minutes": 5.0, "rate": 100_000 / 300, "workers": 8, "partitions": 32},
    Scenario.FREEZE: {"count": 5, "minutes": 2.5, "rate": 200.0},
    Scenario.BROKERS: {"count": 5, "minutes": 2.5, "rate": 200.0, "session": DEFAULT_SESSION},
}


def here() -> tuple[Path, str]:
    """In a process of the run: the folder of the journals, and this process's name."""
    return Path(os.environ[FOLDER]), os.environ[PROCESS]
