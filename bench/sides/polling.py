"""The bare client, as the sides use it that have no framework."""

import time
from collections.abc import Iterator

from confluent_kafka import Consumer, Message

from bench.plan import Plan

BATCH = 500
COMMIT_EVERY = 1.0


class Poll:
    """Reads a backlog in batches, and commits once a second what was read by the batch before."""

    def __init__(self, plan: Plan) -> None:
        self._consumer = Consumer({
            "bootstrap.servers": plan.bootstrap,
            "group.id": plan.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            # The default, a second's nap when the local queue is full, costs four fifths of the rate.
            "fetch.queue.backoff.ms": 5,
        })  # fmt: skip
        self._consumer.subscribe([plan.topic])
        self._due = time.monotonic() + COMMIT_EVERY

    def batches(self) -> Iterator[list[Message]]:
        while True:
            if batch := self._consumer.consume(BATCH, 0.1):
                yield batch
                self._commit()

    def messages(self) -> Iterator[Message]:
        """One by one: what waits for a batch is late."""
        while True:
            if (message := self._consumer.poll(0.1)) is not None:
                yield message
                self._commit()

    def _commit(self) -> None:
        if time.monotonic() >= self._due:
            self._consumer.commit(asynchronous=True)
            self._due = time.monotonic() + COMMIT_EVERY
