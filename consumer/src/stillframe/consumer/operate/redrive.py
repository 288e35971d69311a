"""Sends dead letters back to work: to the smallest retry tier of their own group, due at once.

No other group on the task topic sees them again. Key and value stay byte for byte, the dead letters
stay where they are, and each counts as redriven only after the broker's report. Delivery is at least
once: a run that is killed repeats the batch that it was in.

What was sent back is remembered by the commits of a group of its own, ``G.redrive``: an offset, and
the completion map above it, as a worker commits its own progress. Later runs leave it out, unless it
is named. Kafka forgets the commits of a group without members after 7 days
(``offsets.retention.minutes``), and a map holds a thousand runs or more, not any number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final

from stillframe.consumer.operate.audit import audit
from stillframe.consumer.operate.cluster import Cluster, Layout
from stillframe.consumer.operate.dead_letters import DeadLetter
from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.operate.families import redrive_group
from stillframe.consumer.operate.held import Held, dead_letters, require
from stillframe.consumer.operate.piles import Filter
from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.operate.scan import Range
from stillframe.producer.client import Client, Report
from stillframe.producer.errors import SubmitError
from stillframe.schemas.topics import Tier, TopicFamily

#: What is held in memory, sent and reported before the position moves; sorted by origin within.
BATCH_RECORDS: Final = 10_000
BATCH_BYTES: Final = 32 * 2**20
#: Seconds for a place in the client's queue, and for a report beyond the client's own deadline.
SPARE_TIME: Final = 10.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where dead letters go: the shortest retry topic."""

    topic: str
    tier: Tier
    partitions: int


class Redrive:
    """One run over one dead-letter topic.

    Args:
        where: the dead letters there are.
        chosen: which of them go back.
        done: called after each that is acknowledged.

    Raises:
        CommandError: there is no retry topic to send them to.
    """

    def __init__(
        self,
        cluster: Cluster,
        where: Held,
        layouts: Mapping[str, Layout],
        chosen: Filter,
        done: Callable[[], object] = lambda: None,
    ) -> None:
        self._cluster = cluster
        self._where = where
        self._target = _target(where.family, layouts)
        self._chosen = chosen
        self._done = done
        self._now = time.time_ns() // 1_000_000
        self.count = 0

    def run(self) -> int:
        """Send back what is chosen; how many were acknowledged.

        Raises:
            CommandError: the broker refused one, or did not report; says how many were redriven before.
            BrokerUnreachable: the dead letters could not be read to the end.
        """
        settings = self._cluster.settings.handoff_settings()
        client = Client(settings)
        try:
            for wanted in self._where.ranges(self._chosen.names):
                self._redrive(client, wanted, settings.delivery_timeout + SPARE_TIME)
        finally:
            client.close(SPARE_TIME)
            if self.count:
                self._audit()
        return self.count

    def _redrive(self, client: Client, wanted: Range, patience: float) -> None:
        before = self._where.partitions[wanted.partition]
        progress = before.progress or Progress(before.start)
        for batch in batches(dead_letters(self._cluster, [wanted])):
            selected = [dead for dead in batch if self._where.is_meant(dead, self._chosen)]
            sent, error = self._send(client, sorted(selected, key=lambda dead: dead.order), patience)
            progress = progress.plus(sent)
            if self._chosen.is_everything and error is None:
                progress = progress.past(batch[-1].record.offset + 1)
            if selected:
                group = redrive_group(self._where.family.group)
                self._cluster.commit(group, (wanted.topic, wanted.partition), progress)
            if error is not None:
                raise self._stopped(error)

    def _send(
        self, client: Client, batch: Sequence[DeadLetter], patience: float
    ) -> tuple[list[int], SubmitError | None]:
        """Send a batch and wait for its reports: the offsets that were acknowledged, and the first error."""
        reports: SimpleQueue[tuple[int, Report]] = SimpleQueue()
        handed_over, acknowledged = 0, list[int]()
        error: SubmitError | None = None
        try:
            for dead in batch:
                self._hand_over(client, dead, reports)
                handed_over += 1
        except SubmitError as refused:
            error = refused
        for _ in range(handed_over):
            offset, report = _next(reports, patience)
            error = error or report.error
            if report.error is None:
                acknowledged.append(offset)
                self.count += 1
                self._done()
        return acknowledged, error

    def _hand_over(self, client: Client, dead: DeadLetter, reports: SimpleQueue[tuple[int, Report]]) -> None:
        record, target = dead.record, self._target
        client.send(
            target.topic,
            record.key,
            record.value,
            dead.redriven(target.tier, self._now),
            partition=record.partition if record.partition < target.partitions else -1,
            timeout=SPARE_TIME,
            on_report=lambda report: reports.put((record.offset, report)),
        )

    def _stopped(self, error: SubmitError) -> CommandError:
        stopped = CommandError(f"stopped after {self.count} were redriven: {error}")
        return hinted(stopped, "nothing is lost: run the command again once this is cured")

    def _audit(self) -> None:
        audit(
            "dead_letters_redriven",
            count=self.count,
            group=self._where.family.group,
            topic=self._where.topic,
            to=self._target.topic,
            selection=self._chosen.described(),
        )


def batches(dead_letters: Iterable[DeadLetter]) -> Iterator[list[DeadLetter]]:
    """Cut into batches of at most ``BATCH_RECORDS``, each closed by the record that fills ``BATCH_BYTES``."""
    batch: list[DeadLetter] = []
    size = 0
    for dead in dead_letters:
        batch.append(dead)
        size += len(dead.record.value or b"") + len(dead.record.key or b"")
        if len(batch) >= BATCH_RECORDS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _next(reports: SimpleQueue[tuple[int, Report]], patience: float) -> tuple[int, Report]:
    try:
        return reports.get(timeout=patience)
    except Empty:
        raise CommandError(f"no report came within {patience:g} s, though the client owes one") from None


def _target(family: TopicFamily, layouts: Mapping[str, Layout]) -> Target:
    tier = family.tiers[0]
    topic = family.retry_topic(tier)
    require(topic, layouts)
    return Target(topic, tier, layouts[topic].partitions)
