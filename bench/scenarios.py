"""What is compared: a handler, keys, partitions, threads, and which sides have something to say about it."""

from dataclasses import dataclass

from bench.keys import HOTTEST

LOCAL = ("bare", "validating", "decoding", "sharded", "pool", "stillframe")
PYTHON_PEERS = ("quix", "arroyo", "faststream", "pyrallel")
ENGINES = ("validating", "stillframe", "parallel-consumer")
THREADED = ("pool", "sharded", "stillframe", "arroyo-threads", "pyrallel", "parallel-consumer")
#: The side whose rate is called L.
LIMIT = "validating"


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One row of the comparison for each of its sides; see :class:`bench.plan.Plan` for most of it."""

    name: str
    sides: tuple[str, ...]
    work: str = "nothing"
    milliseconds: float = 0.0
    failing: int = 0
    keys: str = "uniform"
    partitions: int = 8
    threads: int = 16
    ordering: str = "key"
    asynchronous: bool = False

    @property
    def ceiling(self) -> float | None:
        """Tasks per second that no engine can exceed: by its threads, by the hottest key, by the partitions."""
        if not self.milliseconds:
            return None
        lanes: list[float] = [1] if self.work == "busy" else [self.threads, 1 / HOTTEST[self.keys]]
        if self.ordering == "partition":
            lanes.append(self.partitions)
        return min(lanes) * 1_000 / self.milliseconds

    @property
    def hottest(self) -> float:
        """The share of the key that bounds it: the rate is told by what is done of that one."""
        return HOTTEST[self.keys] if self.work == "sleep" and self.keys == "zipf" else 0.0


def sleeping(milliseconds: float, threads: int, sides: tuple[str, ...] = THREADED) -> Scenario:
    name = f"{milliseconds:g} ms, {threads} threads"
    return Scenario(name=name, sides=sides, work="sleep", milliseconds=milliseconds, threads=threads)


def skewed(milliseconds: float, partitions: int, failing: int = 0) -> Scenario:
    name = f"{milliseconds:g} ms, 64 threads, Zipf keys, {partitions} partition{'s' * (partitions > 1)}"
    return Scenario(
        name=name + (", 1 % fail once" if failing else ""),
        sides=("stillframe", "parallel-consumer"),
        work="sleep",
        milliseconds=milliseconds,
        failing=failing,
        keys="zipf",
        partitions=partitions,
        threads=64,
    )


NO_OP = "no-op"
QUICK = (
    Scenario(name=NO_OP, sides=LOCAL),
    sleeping(10, 16, ("stillframe",)),
)
FULL = (
    Scenario(name=NO_OP, sides=LOCAL + PYTHON_PEERS + ("arroyo-threads", "parallel-consumer")),
    Scenario(name="no-op, Zipf keys", sides=ENGINES, keys="zipf"),
    Scenario(name="no-op, 1 partition", sides=ENGINES, partitions=1),
    Scenario(name="no-op, 1 key", sides=ENGINES, keys="one"),
    Scenario(name="100 µs of processor", sides=ENGINES, work="busy", milliseconds=0.1),
    sleeping(1, 16),
    sleeping(10, 16),
    sleeping(10, 64),
    sleeping(10, 256),
    sleeping(50, 64, ("stillframe", "parallel-consumer")),
    skewed(10, 1),
    skewed(1, 1),
    skewed(10, 1, failing=100),
    skewed(1, 1, failing=100),
    skewed(10, 8),
    Scenario(
        name="10 ms, PARTITION order, 8 partitions",
        sides=("stillframe", "parallel-consumer"),
        work="sleep",
        milliseconds=10,
        ordering="partition",
    ),
    Scenario(
        name="10 ms, 256 coroutines",
        sides=("stillframe",),
        work="sleep",
        milliseconds=10,
        threads=256,
        asynchronous=True,
    ),
)
