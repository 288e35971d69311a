"""Sends dead letters back to work: to the smallest retry tier of their own group, due at once.

No other group on the task topic sees them again. Key and value stay byte for byte, the dead letters
stay where they are, and each counts as redriven only after the broker's report. Delivery is at least
once: an interrupted run repeats the batch that it was in.

A run over everything remembers its position as the committed offsets of the group ``G.redrive``, so
that the next one goes on from there. A run over a selection remembers nothing. Kafka forgets the
offsets of a group without members after 7 days (``offsets.retention.minutes``).
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
from stillframe.consumer.operate.held import dead_letters, require
from stillframe.consumer.operate.piles import Filter
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
        chosen: which dead letters go back.
        done: called with how many more are acknowledged.
    """

    def __init__(
        self,
        cluster: Cluster,
        family: TopicFamily,
        layouts: Mapping[str, Layout],
        chosen: Filter,
        done: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._cluster = cluster
        self._family = family
        self._target = _target(family, layouts)
        self._chosen = chosen
        self._done = done
        self._now = time.time_ns() // 1_000_000
        self.count = 0

    def run(self, wanted: Sequence[Range]) -> int:
        """Send back what is chosen in these ranges; how many were acknowledged.

        Raises:
            CommandError: the broker refused one, or did not report; says how many were redriven before.
            BrokerUnreachable: the dead letters could not be read to the end.
        """
        producing = self._cluster.settings.handoff_settings()
        client = Client(producing)
        try:
            for each in wanted:
                self._redrive(client, each, producing.delivery_timeout + SPARE_TIME)
        finally:
            client.close(SPARE_TIME)
            if self.count:
                self._audit()
        return self.count

    def _redrive(self, client: Client, wanted: Range, patience: float) -> None:
        for batch in batches(dead_letters(self._cluster, [wanted])):
            selected = sorted(filter(self._chosen.matches, batch), key=lambda dead: dead.order)
            self._send(client, selected, patience)
            self._remember(wanted, batch[-1].record.offset + 1)
        self._remember(wanted, wanted.end)

    def _send(self, client: Client, batch: Sequence[DeadLetter], patience: float) -> None:
        reports: SimpleQueue[Report] = SimpleQueue()
        sent, error = 0, None
        for dead in batch:
            try:
                self._send_one(client, dead, reports)
            except SubmitError as refused:
                error = refused
                break
            sent += 1
        for _ in range(sent):
            report = _next(reports, patience)
            error = error or report.error
            self.count += report.error is None
            self._done(report.error is None)
        if error is not None:
            raise self._stopped(error)

    def _send_one(self, client: Client, dead: DeadLetter, reports: SimpleQueue[Report]) -> None:
        record, target = dead.record, self._target
        client.send(
            target.topic,
            record.key,
            record.value,
            dead.redriven(target.tier, self._now),
            partition=record.partition if record.partition < target.partitions else -1,
            timeout=SPARE_TIME,
            on_report=reports.put,
        )

    def _remember(self, wanted: Range, offset: int) -> None:
        if self._chosen.is_everything:
            group = redrive_group(self._family.group)
            self._cluster.commit(group, (wanted.topic, wanted.partition), offset)

    def _stopped(self, error: SubmitError) -> CommandError:
        stopped = CommandError(f"stopped after {self.count} were redriven: {error}")
        return hinted(stopped, "nothing is lost: run the command again once this is cured")

    def _audit(self) -> None:
        audit(
            "dead_letters_redriven",
            count=self.count,
            group=self._family.group,
            topic=self._family.dead_letter_topic,
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


def _next(reports: SimpleQueue[Report], patience: float) -> Report:
    try:
        return reports.get(timeout=patience)
    except Empty:
        raise CommandError(f"no report came within {patience:g} s, though the client owes one") from None


def _target(family: TopicFamily, layouts: Mapping[str, Layout]) -> Target:
    tier = family.tiers[0]
    topic = family.retry_topic(tier)
    require(topic, layouts)
    return Target(topic, tier, layouts[topic].partitions)
