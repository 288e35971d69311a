"""How fast dead letters go back to work, from the command's start to its last report.

By the command as an operator runs it, in a process of its own; by its own account each is acknowledged by all
replicas in sync. TASKS= dead letters (100,000), ROUNDS= times (3), RATE= a second (no limit).
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
            write(kafka.bootstrap_servers, copies(dead_letter(family), TASKS, PARTITIONS))
            limit = ("--rate", RATE) if RATE else ()
            started = time.perf_counter()
            ran = stillframe(
                "dlq", "redrive", "--all", "--yes", "--json", *limit, "-g", family.group,
                STILLFRAME_BOOTSTRAP_SERVERS=kafka.bootstrap_servers,
            )  # fmt: skip
            seconds = time.perf_counter() - started
            print(
                f"round {number + 1}: {ran.json['redriven']:,} in {seconds:.2f} s, {TASKS / seconds:,.0f}/s",
                flush=True,
            )


if __name__ == "__main__":
    main()
