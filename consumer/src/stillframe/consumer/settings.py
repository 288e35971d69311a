"""Everything about a worker that is not code: limits, intervals, deadlines and where the broker is."""

from __future__ import annotations

import os
from typing import Any, Final, Literal

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic_settings import SettingsConfigDict

from stillframe.consumer.intake.pressure import Limits
from stillframe.consumer.progress.commit import CommitPolicy
from stillframe.producer.settings import ConnectionSettings, ProducerSettings
from stillframe.schemas.topics import Tier
from stillframe.schemas.wire import MAX_TASK_BYTES

_COMMIT: Final = "the ledger decides what is committed, and commit_interval how often: remove it"
_FRESH: Final = "a fresh group starts at the log's beginning; anything else loses tasks silently: remove it"
REFUSED: Final = {
    "enable.auto.commit": _COMMIT,
    "auto.commit.interval.ms": _COMMIT,
    "enable.auto.offset.store": _COMMIT,
    "auto.offset.reset": _FRESH,
    "group.id": "Worker(group=...) names it",
    "enable.partition.eof": "a worker does not stop at the end of a partition: remove it",
}

#: Good choices, not promises: pass another value through and it is taken.
DEFAULTS: Final[dict[str, Any]] = {
    # Pausing throws prefetched records away: keep few.
    "queued.max.messages.kbytes": 16_384,
    # The fetcher's nap when the local queue is full; the default of 1 s starves a fast worker.
    "fetch.queue.backoff.ms": 5,
    # Partitions that a topic has got since are read after that long; the default is five minutes.
    "topic.metadata.refresh.interval.ms": 30_000,
}
ASSIGNOR: Final = "partition.assignment.strategy"
#: Who gets which partition. `range` gives partition p of a topic and of its retry topics to one member, so
#: that a key's retry cannot overlap its next task (promise I4), and spreads each topic evenly. The others
#: count all topics together: a member could be given nothing but retry topics (measured).
ASSIGNORS: Final = {
    "classic": {ASSIGNOR: "range"},
    "consumer": {"group.remote.assignor": "range"},
}

CONSUMER_ONLY: Final = (
    "group.",
    "session.",
    "heartbeat.",
    "max.poll.",
    "fetch.",
    "receive.",
    "queued.",
    "partition.",
)

#: Handler processes by default at most: each is an interpreter with the application in it.
MOST_PROCESSES: Final = 8
#: Hand-offs that may be in the client's queue at once, and how long one may take until it is tried anew.
HANDOFF_QUEUE: Final = 10_000
HANDOFF_TIMEOUT: Final = 60.0
#: A dead letter may be larger than any task that would be parsed: it is copied, not read.
HANDOFF_BYTES: Final = 128 * 2**20


class WorkerSettings(ConnectionSettings):
    """Settings of a worker: keyword arguments over ``STILLFRAME_*`` variables over a file.

    Durations are in seconds, sizes in bytes.
    """

    # Type checkers know a field for optional by `default=` alone: with a positional one, pyright asks for it.
    # STILLFRAME_HEALTH_PORT=none turns the port off.
    model_config = SettingsConfigDict(env_parse_none_str="none")

    threads: PositiveInt = Field(default=16, description="def handlers that run at the same time")
    async_concurrency: PositiveInt = Field(default=100, description="async def handlers that run at the same time")
    processes: PositiveInt = Field(
        default_factory=lambda: min(os.cpu_count() or 1, MOST_PROCESSES),
        description="executor='process' handlers that run at the same time, each in a process of its own",
    )
    commit_interval: PositiveFloat = Field(default=1.0, description="longest time between commits")
    commit_outcomes: PositiveInt = Field(default=1_000, description="outcomes after which a commit is due at once")
    partition_records: PositiveInt = Field(default=10_000, description="unfinished records held per partition")
    partition_bytes: PositiveInt = Field(default=64 * 2**20, description="unfinished bytes held per partition")
    partition_span: PositiveInt = Field(
        default=100_000, description="offsets from the oldest unfinished to the newest"
    )
    total_records: PositiveInt = Field(
        default=100_000, description="unfinished records held by all partitions together"
    )
    total_bytes: PositiveInt = Field(
        default=512 * 2**20, description="unfinished bytes held by all partitions together"
    )
    resume_ratio: float = Field(default=0.7, gt=0, lt=1, description="share of a limit at which a partition resumes")
    memory_wait: float = Field(default=10.0, ge=0, description="longest retry delay that waits in memory")
    revoke_drain: float = Field(default=5.0, ge=0, description="time running tasks get when their partition leaves")
    grace: PositiveFloat = Field(default=25.0, description="time running tasks get when the worker stops")
    hang_after: float | None = Field(
        default=60.0, ge=3, description="time the interpreter may be held until the supervisor kills the process"
    )
    dead_letter_limit: PositiveInt | None = Field(
        default=1_000,
        description="dead letters of a task type, next to nothing of it done, after which its failures are retried; "
        "none is no limit",
    )
    stall_after: PositiveFloat = Field(
        default=60.0, description="time without a finished task that turns readiness red"
    )
    max_task_bytes: PositiveInt = Field(default=MAX_TASK_BYTES, description="largest value that is parsed")
    tiers: tuple[str, ...] = Field(default=("1m", "10m", "1h"), description="delays of the retry topics, rising")
    health_host: str = Field(default="0.0.0.0", description="address of /metrics, /livez and /readyz")  # noqa: S104
    health_port: int | None = Field(
        default=9464, ge=0, le=65_535, description="their port; 0 any, none turns them off"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="lowest level of the worker's log lines"
    )
    error_messages: bool = Field(
        default=True, description="keep the redacted first line of an error, not only its type"
    )

    @property
    def retry_tiers(self) -> tuple[Tier, ...]:
        return tuple(Tier.parse(name) for name in self.tiers)

    @property
    def commit_policy(self) -> CommitPolicy:
        return CommitPolicy(self.commit_interval, self.commit_outcomes)

    @property
    def limits(self) -> Limits:
        return Limits(
            self.partition_records,
            self.partition_bytes,
            self.partition_span,
            self.resume_ratio,
            self.total_records,
            self.total_bytes,
        )

    @property
    def drain(self) -> float:
        """``revoke_drain``, at most half the session: longer would silence or fence other members."""
        return min(self.revoke_drain, self.session_timeout / 2)

    @property
    def rejoin_after(self) -> float:
        """Seconds after which to join in the place of a member that has died.

        A static member is replaced at once; under KIP-848 it is refused, which is fatal, until its session
        has ended. Of others, an eager group waits for the end of that session, and everybody rests
        meanwhile: it must have ended first. In all other groups nobody rests.
        """
        static = "group.instance.id" in self.kafka
        waits = static if self.group_protocol == "consumer" else not static and not self.assigns_incrementally
        return self.session_timeout if waits else 0.0

    @property
    def session_timeout(self) -> float:
        """Under KIP-848 it is the broker's, and this its default."""
        return float(self.kafka.get("session.timeout.ms", 45_000)) / 1_000

    @property
    def group_protocol(self) -> str:
        """``classic``, or ``consumer`` for KIP-848; librdkafka does not mind the case."""
        return str(self.kafka.get("group.protocol", "classic")).lower()

    @property
    def assigns_incrementally(self) -> bool:
        """Whether rebalances move single partitions (cooperative-sticky, KIP-848) instead of all (eager)."""
        strategy = self.kafka.get(ASSIGNOR, ASSIGNORS["classic"][ASSIGNOR])
        return self.group_protocol == "consumer" or "cooperative" in str(strategy)

    def consumer_properties(self, group: str) -> dict[str, Any]:
        """librdkafka's properties for the one consumer of this worker.

        Raises:
            SettingsError: ``kafka`` holds a property that is refused.
        """
        own = {
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            # `latest` would skip silently what fell off the log, `earliest` would replay all of it.
            "auto.offset.reset": "error",
            "allow.auto.create.topics": False,
            # Where the log ends for us: its last records may be no tasks but markers of transactions.
            "enable.partition.eof": True,
        }
        defaults = {"client.id": f"stillframe-{group}"} | DEFAULTS | ASSIGNORS.get(self.group_protocol, {})
        return defaults | self.librdkafka(own, refused=REFUSED)

    def bystander_properties(self, group: str) -> dict[str, Any]:
        """librdkafka's properties for a consumer that reads and writes commits of a group, and never joins it.

        Raises:
            SettingsError: ``kafka`` holds a property that is refused.
        """
        own = {"group.id": group, "enable.auto.commit": False}
        settings = self.model_copy(update={"kafka": self._shared})
        # The member of the group tells in the log what there is to tell of brokers.
        return {"client.id": f"stillframe-{group}", "log_level": 0} | settings.librdkafka(own, refused=REFUSED)

    def handoff_settings(self) -> ProducerSettings:
        """Settings of the producer that writes to retry and dead-letter topics."""
        settings = ProducerSettings(
            service="stillframe-handoff",
            bootstrap_servers=self.bootstrap_servers,
            queue_size=HANDOFF_QUEUE,
            delivery_timeout=HANDOFF_TIMEOUT,
            max_task_bytes=HANDOFF_BYTES,
        )
        # In a copy, since variables and the file are merged into `kafka` when settings are made.
        return settings.model_copy(update={"kafka": self._shared})

    @property
    def _shared(self) -> dict[str, Any]:
        """What is not a group member's alone: a producer warns of each such property."""
        return {name: value for name, value in self.kafka.items() if not name.startswith(CONSUMER_ONLY)}
