"""The control arm: a consumer as one writes it at first, with auto-commit and a thread per message.

It runs the same tasks and keeps the same journal. If the checker found nothing wrong with it, the checker
would be wrong.
"""

import signal
import threading
import time
from itertools import count

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from stillframe.consumer import RetryAfter, TaskError, WorkerSettings
from stillframe.consumer.intake.receive import as_record
from stillframe.schemas import Task, decode
from tests.chaos.journal import Journal
from tests.chaos.settings import GROUP, SESSION, TOPIC, Protocol, here
from tests.chaos.topics import FAMILY
from tests.chaos.work import RETRY, TASK_TYPE, Work, fail


class Naive:
    """Polls, starts a thread for each message, and leaves the commits to the client."""

    def __init__(self) -> None:
        """Connect."""
        self._journal = Journal(*here())
        servers = {"bootstrap.servers": WorkerSettings().bootstrap_servers, "log_level": 0}
        self._consumer = Consumer(
            servers
            | {
                "group.id": GROUP,
                "auto.offset.reset": "earliest",
                "auto.commit.interval.ms": 200,
            }
            | Protocol.EAGER.properties(SESSION)
        )
        self._producer = Producer(servers)
        self._ownerships: dict[tuple[str, int], int] = {}
        self._numbers = count(1)
        self._runs = count(1)
        self._stopping = threading.Event()

    def serve(self) -> None:
        """Until SIGTERM."""
        signal.signal(signal.SIGTERM, lambda *_: self._stopping.set())
        self._consumer.subscribe([TOPIC], on_assign=self._assigned, on_revoke=self._revoked)
        while not self._stopping.is_set():
            message = self._consumer.poll(0.1)
            if message is not None and message.error() is None:
                threading.Thread(target=self._attempts, args=(message,)).start()
        self._consumer.close()
        self._producer.flush()

    def _attempts(self, message: Message) -> None:
        """Try until it is well, or not worth another try; the wait for a retry is the thread's."""
        record = as_record(message)
        task = decode(record, TASK_TYPE)
        for attempt in range(1, RETRY.max_attempts + 1):
            try:
                self._attempt(task, attempt, (record.topic, record.partition, record.offset))
            except RetryAfter as error:
                time.sleep(error.wait(time.time()) or 0)
            except TaskError:
                break
            else:
                return
        self._producer.produce(FAMILY.dead_letter_topic, record.value, record.key, headers=[*record.headers])

    def _attempt(self, task: Task[Work], attempt: int, where: tuple[str, int, int]) -> None:
        run = next(self._runs)
        facts = {"task": str(task.id), "attempt": attempt, "key": task.payload.key, "where": where}
        self._journal.write("started", run=run, ownership=self._ownerships[where[:2]], **facts)
        well = False
        try:
            time.sleep(task.payload.seconds)
            fail(task.payload, attempt)
            well = True
        finally:
            self._journal.write("finished", run=run, well=well)

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        positions = []
        for start in consumer.committed(partitions):
            serial = self._ownerships[start.topic, start.partition] = next(self._numbers)
            positions.append((start.topic, start.partition, max(0, start.offset), "", serial))
        self._journal.write("assigned", positions=positions)

    def _revoked(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        serials = [self._ownerships[each.topic, each.partition] for each in partitions]
        self._journal.write("revoked", ownerships=serials, unfinished=[])


if __name__ == "__main__":
    Naive().serve()
