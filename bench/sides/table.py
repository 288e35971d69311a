"""The sides by name: what they are, and how the process of each is started."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.engines import parallel_consumer
from bench.peers import ROOT, environment


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


def peer(module: str, name: str, *requirements: str, python: tuple[int, int] = (3, 11)) -> Callable[[], Ready]:
    """A side that runs in an environment of its own, and finds the task's model in the sources."""
    paths = os.pathsep.join((str(ROOT), str(ROOT / "schemas" / "src")))
    return lambda: Ready(
        [str(environment(name, requirements, python=python)), "-m", f"bench.sides.{module}"], {"PYTHONPATH": paths}
    )


CLIENT = "confluent-kafka==2.16.1"
ARROYO = ("arroyo", "sentry-arroyo==2.48.0", CLIENT)

SIDES = {
    "bare": Side("the bare client's `consume`: its limit", local("bare")),
    "validating": Side("the same, pydantic on each value: the interpreter's limit, **L**", local("validating")),
    "decoding": Side("the same with our `decode`, as a worker calls it", local("decoding")),
    "sharded": Side("each batch split by key on threads, a barrier after it, validating", local("sharded")),
    "pool": Side("ThreadPoolExecutor, a future for each message, validating; no order", local("pool")),
    "stillframe": Side("a Stillframe worker as it comes", local("ours")),
    "quix": Side("Quix Streams 3.28.1, validating, one thread", peer("quix", "quixstreams", "quixstreams==3.28.1")),
    "arroyo": Side("sentry-arroyo 2.48.0, validating, one thread", peer("arroyo_inline", *ARROYO)),
    "arroyo-threads": Side("the same on threads; no order within a key", peer("arroyo_threads", *ARROYO)),
    "faststream": Side(
        "FastStream 0.7.8 on confluent-kafka, validating, a commit for each message",
        peer("faststream_side", "faststream", "faststream[confluent]==0.7.8", CLIENT),
    ),
    "pyrallel": Side(
        "Pyrallel Consumer 1.0.0, validating, coroutines in key order",
        peer("pyrallel", "pyrallel", "pyrallel-consumer==1.0.0", python=(3, 12)),
    ),
    "parallel-consumer": Side(
        "Confluent Parallel Consumer 0.5.3.3 (Java), key order, not validating",
        lambda: Ready(parallel_consumer()),
        warm_up=3,
    ),
}
