"""Every metric of a worker: its name, what it says and its labels. The one place to look them up.

Label values come from closed sets only: registered task types, topics and their partitions, and the
words listed here. An error's type or text is never a label: it is the world's choice, not ours.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Metric(NamedTuple):
    """A name without the ``_total`` that counters get in the exposition."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


#: What stands for the task type of a record that could not be decoded; no task type can have this name.
UNDECODABLE: Final = "(undecodable)"

PARTITION: Final = ("topic", "partition")

BUILD_INFO: Final = Metric(
    "stillframe_build_info", "Always 1: which release runs, for which group", ("version", "group")
)

ATTEMPTS: Final = Metric(
    "stillframe_attempts",
    "Attempts by how they ended: done, retry, dead, skipped (expired before its start), "
    "or deferred (not due yet, no attempt spent)",
    ("task_type", "outcome"),
)
HANDLER_SECONDS: Final = Metric(
    "stillframe_handler_duration_seconds", "Time that handlers took, middleware included", ("task_type",)
)
TIMEOUTS: Final = Metric("stillframe_handler_timeouts", "Attempts that outlived their handler's timeout", ("topic",))
CRASHES: Final = Metric(
    "stillframe_handler_crashes",
    "Handlers that raised SystemExit, KeyboardInterrupt or MemoryError",
    ("topic",),
)
PROCESS_CRASHES: Final = Metric(
    "stillframe_process_crashes", "Worker processes of this supervisor that were killed from within"
)
SUSPECTS: Final = Metric(
    "stillframe_suspects_isolated", "Suspects for which the rest of the worker stood aside", ("topic",)
)
CONDEMNED: Final = Metric(
    "stillframe_tasks_condemned", "Tasks given up unrun, for they kill their worker process", ("topic",)
)
LOOP_BLOCKS: Final = Metric(
    "stillframe_event_loop_blocks", "Times that an async def handler kept the event loop for more than a second"
)

CIRCUIT: Final = Metric(
    "stillframe_circuit_breaker_state",
    "1 for the state of a task type's circuit breaker: closed, open or half-open; absent until it first opens",
    ("task_type", "state"),
)
CIRCUIT_OPENED: Final = Metric(
    "stillframe_circuit_breaker_opened", "Times that a task type's circuit breaker has opened", ("task_type",)
)
DEAD_LETTERS_STOPPED: Final = Metric(
    "stillframe_dead_letters_stopped",
    "1 while no more dead letters of a task type are written, for its handler fails everything",
    ("task_type",),
)
HELD_BACK: Final = Metric("stillframe_held_back", "Tasks in memory that circuit breakers hold back")

RUNNING: Final = Metric("stillframe_running", "Attempts running now")
STUCK: Final = Metric(
    "stillframe_stuck_handlers",
    "Attempts running now that have outlived their handler's timeout; their slots were replaced",
)
QUEUED: Final = Metric("stillframe_queued", "Tasks that are due and wait for a thread or for their key")
WAITING: Final = Metric("stillframe_waiting", "Tasks that wait for their time, in memory or read ahead from a tier")

UNFINISHED: Final = Metric("stillframe_partition_unfinished", "Offsets received and without an outcome", PARTITION)
FRONTIER: Final = Metric(
    "stillframe_partition_frontier_offset",
    "Offset that may be committed: nothing below it is unfinished",
    PARTITION,
)
COMMITTED: Final = Metric(
    "stillframe_partition_committed_offset", "Offset that the broker has acknowledged", PARTITION
)
LAG: Final = Metric(
    "stillframe_partition_lag",
    "Log end minus committed offset, both as the broker says; asked every 10 s at the least",
    PARTITION,
)
HELD_LAG: Final = Metric(
    "stillframe_partition_held_back_lag",
    "Of the lag, what cannot run however many workers there are, since a circuit breaker holds it back: all of it "
    "where the task type has the topic to itself, else what is held back in memory",
    PARTITION,
)
OLDEST_UNFINISHED: Final = Metric(
    "stillframe_partition_oldest_unfinished_seconds",
    "How long the lowest unfinished offset has held back the frontier; 0 if there is none",
    PARTITION,
)
PAUSED: Final = Metric(
    "stillframe_partitions_paused", "Partitions whose intake is held back, by the reason", ("reason",)
)
STOPPED: Final = Metric(
    "stillframe_partition_stopped", "1 if the client can read no further until an operator acts", PARTITION
)

HANDOFFS: Final = Metric("stillframe_handoffs", "Records acknowledged by a retry or dead-letter topic", ("topic",))
HANDOFF_FAILURES: Final = Metric(
    "stillframe_handoff_failures",
    "Writes to a retry or dead-letter topic that the broker refused",
    ("topic",),
)
DEAD_LETTERS: Final = Metric(
    "stillframe_dead_letters",
    "Tasks given up and acknowledged by the dead-letter topic, by task topic",
    ("topic",),
)
COMMITS: Final = Metric("stillframe_commits", "Commits that the broker has acknowledged")
COMMIT_FAILURES: Final = Metric("stillframe_commit_failures", "Commits that failed; their offsets go out again")
REBALANCES: Final = Metric(
    "stillframe_rebalances", "Rebalances by what happened: assigned, revoked or lost", ("kind",)
)
CLIENT_TROUBLES: Final = Metric(
    "stillframe_client_troubles", "Errors that librdkafka reported and went on from, such as a broker down"
)
TURN_AGE: Final = Metric("stillframe_last_turn_age_seconds", "Time since the poll loop has last gone round")
