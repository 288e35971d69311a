"""How fast dead letters go back to work, next to a bare loop that copies the same records.

Each side is a process of its own, and is measured from the first to the last record by the times that these were
written at. The bare loop reads, hands over with all headers and waits for all reports: it chooses, changes, marks
and remembers nothing, and keeps no order. TASKS= of them (100,000), ROUNDS= times (3), RATE= a second (no limit).
"""

import os
import subprocess
import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition

from stillframe.schemas.topics import TopicFamily
from tests.cli import stillframe
from tests.dead_letters import copies, create_family, dead_letter, times_of, write
from tests.kafka import shared_kafka

TASKS = int(os.environ.get("TASKS", "100000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
RATE = os.environ.get("RATE")
PARTITIONS = 8


def main() -> None:
    """Fill a dead-letter topic and let both sides empty it, a few times over; print dead letters per second."""
    with shared_kafka() as kafka:
        for number in range(ROUNDS):
            print(f"round {number + 1}: {measured(kafka.bootstrap_servers, number)}", flush=True)


def measured(bootstrap: str, number: int) -> str:
    """What a round has brought."""
    task_topic = f"bench-redrive-{time.time_ns()}"
    family, other = (TopicFamily(task_topic, f"{side}-{number}") for side in ("redrive", "bare"))
    for each in (family, other):
        create_family(bootstrap, each, partitions=PARTITIONS)
    write(bootstrap, copies(dead_letter(family), TASKS, PARTITIONS))
    tier, copied = family.retry_topic(family.tiers[0]), other.retry_topic(other.tiers[0])

    bare_loop = [sys.executable, "-m", "bench.redrive", bootstrap, family.dead_letter_topic, copied]
    subprocess.run(bare_loop, check=True)
    limit = ("--rate", RATE) if RATE else ()
    started = time.perf_counter()
    ran = stillframe(
        "dlq", "redrive", "--all", "--yes", "--json", *limit, "-g", family.group,
        STILLFRAME_BOOTSTRAP_SERVERS=bootstrap,
    )  # fmt: skip
    seconds = time.perf_counter() - started

    bare, ours = rate(times_of(bootstrap, copied)), rate(times_of(bootstrap, tier))
    return (
        f"{ran.json['redriven']:,} at {ours:,.0f}/s, bare {bare:,.0f}/s, ratio {ours / bare:.3f}; "
        f"the whole command took {seconds:.2f} s, {TASKS / seconds:,.0f}/s"
    )


def rate(times: list[int]) -> float:
    """Records per second."""
    assert len(times) == TASKS
    return (TASKS - 1) / (times[-1] - times[0]) * 1_000


def bare(bootstrap: str, source: str, target: str) -> None:
    """`consume` and `produce` in a loop."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bare", "enable.auto.commit": False})
    producer = Producer({
        "bootstrap.servers": bootstrap,
        "enable.idempotence": True,
        "linger.ms": 5,
        "queue.buffering.max.messages": TASKS + 1,
    })  # fmt: skip
    consumer.assign([TopicPartition(source, number, 0) for number in range(PARTITIONS)])
    reported: list[object] = []
    copied = 0
    while copied < TASKS:
        for message in consumer.consume(1_000, 0.05):
            assert message.error() is None, message.error()
            producer.produce(
                target, message.value(), message.key(), message.partition() or 0,
                headers=message.headers(), on_delivery=lambda error, _: reported.append(error),
            )  # fmt: skip
            copied += 1
        producer.poll(0)
    assert producer.flush(30) == 0
    assert reported == [None] * TASKS
    consumer.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        bare(*sys.argv[1:])
    else:
        main()
