"""How fast dead letters go back to work, from the command's start to its last report.

By the command as an operator runs it, in a process of its own; by its own account each is acknowledged by all
replicas in sync. The second rate leaves out what the same command takes when nothing is there to send.
TASKS= dead letters (100,000), ROUNDS= times (3), RATE= a second (no limit).
"""

import os
import time

from stillframe.schemas.topics import TopicFamily
from tests.cli import stillframe
from tests.dead_letters import copies, create_family, dead_letter, write
from tests.kafka import shared_kafka

TASKS = int(os.environ.get("TASKS", "100000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
RATE = os.environ.get("RATE")
PARTITIONS = 8


def main() -> None:
    """Fill a dead-letter topic and empty it, a few times over; print dead letters per second."""
    with shared_kafka() as kafka:
        for number in range(ROUNDS):
            family = TopicFamily(f"bench-redrive-{time.time_ns()}", f"bench-{number}")
            create_family(kafka.bootstrap_servers, family, partitions=PARTITIONS)
            _, idle = redrive(kafka.bootstrap_servers, family.group)
            write(kafka.bootstrap_servers, copies(dead_letter(family), TASKS, PARTITIONS))
            redriven, seconds = redrive(kafka.bootstrap_servers, family.group)
            print(
                f"round {number + 1}: {redriven:,} in {seconds:.2f} s, {TASKS / seconds:,.0f}/s; without the "
                f"{idle:.2f} s of a command that has nothing to do {TASKS / (seconds - idle):,.0f}/s",
                flush=True,
            )


def redrive(bootstrap: str, group: str) -> tuple[int, float]:
    """How many were sent back, and in how many seconds."""
    limit = ("--rate", RATE) if RATE else ()
    started = time.perf_counter()
    ran = stillframe(
        "dlq", "redrive", "--all", "--yes", "--json", *limit, "-g", group, STILLFRAME_BOOTSTRAP_SERVERS=bootstrap
    )
    return ran.json["redriven"], time.perf_counter() - started


if __name__ == "__main__":
    main()
