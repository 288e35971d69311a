"""Sends dead letters back to work: by default to the smallest retry tier of their own group, due at once.

No other group on the task topic sees them again. Key and value stay byte for byte, the dead letters
stay where they are, and each counts as redriven only after the broker's report. Delivery is at least
once: a run that is killed repeats the batch that it was in; one that is told to stop repeats nothing.

What was sent back is remembered by an index (:mod:`.gone`). Later runs leave it out, unless it is named.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stillframe.consumer.operate.audit import audit, operator
from stillframe.consumer.operate.choice import Choice
from stillframe.consumer.operate.cluster import Cluster, Layout
from stillframe.consumer.operate.courier import Courier, Parcel
from stillframe.consumer.operate.dead_letters import DeadLetter
from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.operate.gone import Kind
from stillframe.consumer.operate.held import Held, dead_letters, search, wanted_ranges
from stillframe.consumer.operate.index import Marks
from stillframe.consumer.operate.originals import completed
from stillframe.consumer.operate.pace import Pace
from stillframe.consumer.operate.replays import Replay
from stillframe.consumer.operate.scan import Range
from stillframe.consumer.operate.stop import Stop
from stillframe.consumer.operate.tally import Tally
from stillframe.consumer.operate.targets import Aim
from stillframe.consumer.progress.completion_map import Run
from stillframe.producer.errors import SubmitError
from stillframe.schemas import Record

#: What is held in memory, sent and reported before it is marked, unless the pace makes that longer than a
#: second; sorted by origin within.
BATCH_RECORDS: Final = 10_000
BATCH_BYTES: Final = 32 * 2**20


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be sent back, of one dead-letter topic, and where to."""

    where: Held
    chosen: Choice
    aim: Aim

    def sort(self, dead: DeadLetter, layouts: Mapping[str, Layout], tally: Tally) -> bool:
        """Count a dead letter that is meant; whether it goes."""
        reason = self.aim.refusal(dead, layouts)
        if reason is not None:
            tally.hold_back(reason)
            return False
        tally.add(dead, self.aim.topic(dead) or "")
        return True


def outlook(
    cluster: Cluster, order: Order, layouts: Mapping[str, Layout], seen: Callable[[DeadLetter], object]
) -> Tally:
    """What would go where.

    Args:
        seen: called with each dead letter that is meant.
    """
    tally = Tally()
    for batch in batches(search(cluster, order.where, order.chosen), BATCH_RECORDS):
        for dead in completed(cluster, batch, layouts):
            seen(dead)
            order.sort(dead, layouts, tally)
    return tally


@dataclass(frozen=True, slots=True)
class Hurry:
    """How fast to send, and whether to go on at all."""

    pace: Pace
    stop: Stop


class Redrive:
    """One run over one dead-letter topic.

    Args:
        layouts: the topics that exist.
        looked_at: called with how many dead letters more were dealt with, be they meant or not.

    Attributes:
        tally: what has been chosen.
        count: what has been acknowledged.
    """

    def __init__(
        self,
        cluster: Cluster,
        order: Order,
        layouts: Mapping[str, Layout],
        hurry: Hurry,
        looked_at: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._cluster = cluster
        self._order = order
        self._layouts = layouts
        self._hurry = hurry
        self._looked_at = looked_at
        self._replay = Replay.now(time.time_ns() // 1_000_000, operator())
        self.tally = Tally()
        self.count = 0

    @property
    def ranges(self) -> list[Range]:
        """What the run reads."""
        return wanted_ranges(self._cluster, self._order.where, self._order.chosen)

    def run(self) -> None:
        """Send back what is chosen.

        Raises:
            CommandError: the broker refused one or did not report, or the operator wants an end; says how many
                were redriven before, all of which are remembered.
            BrokerUnreachable: the dead letters could not be read to the end.
        """
        source = self._order.where.source
        try:
            with Courier(self._cluster.settings) as courier:
                marks = Marks(self._cluster, source, self._layouts, Kind.REDRIVEN, courier)
                self._redrive(courier, marks)
        finally:
            if self.count:
                self._audit()

    def _redrive(self, courier: Courier, marks: Marks) -> None:
        found = dead_letters(self._cluster, self.ranges)
        for batch in batches(found, self._hurry.pace.a_second_of(BATCH_RECORDS)):
            meant = [dead for dead in batch if self._order.where.is_meant(dead, self._order.chosen)]
            whole = completed(self._cluster, meant, self._layouts)
            going = [dead for dead in whole if self._order.sort(dead, self._layouts, self.tally)]
            going.sort(key=lambda dead: dead.order)
            sent = courier.send(self._parcels(going))
            self.count += len(sent.acknowledged)
            marks.add(by_partition(going[label].record for label in sent.acknowledged))
            self._looked_at(len(batch))
            self._end_if(sent.error)

    def _parcels(self, going: Sequence[DeadLetter]) -> Iterator[Parcel]:
        for label, dead in enumerate(going):
            if pause := self._hurry.pace.wait(time.monotonic()):
                self._hurry.stop.sleep(pause)
            if self._hurry.stop.wanted:
                return
            yield Parcel(label, self._order.aim.parcel(dead, self._layouts, self._replay))

    def _end_if(self, error: SubmitError | None) -> None:
        if error is not None:
            stopped = CommandError(f"stopped after {self.count} were redriven: {error}")
            raise hinted(stopped, "nothing is lost: run the command again once this is cured")
        if self._hurry.stop.wanted:
            stopped = CommandError(f"stopped after {self.count} were redriven, as you wished")
            raise hinted(stopped, "run the command again to go on from there")

    def _audit(self) -> None:
        audit(
            "dead_letters_redriven",
            count=self.count,
            group=self._order.where.source.group,
            topic=self._order.where.topic,
            to=self.tally.topics,
            selection=self._order.chosen.described(),
            force=self._order.aim.force,
        )


def by_partition(records: Iterable[Record]) -> dict[int, list[Run]]:
    """Where they lie: of each partition the offsets, each as a run of its own."""
    runs: defaultdict[int, list[Run]] = defaultdict(list)
    for record in records:
        runs[record.partition].append((record.offset, record.offset + 1))
    return runs


def batches(dead_letters: Iterable[DeadLetter], records: int) -> Iterator[list[DeadLetter]]:
    """Cut into batches of at most so many, each closed by the record that fills ``BATCH_BYTES``."""
    batch: list[DeadLetter] = []
    size = 0
    for dead in dead_letters:
        batch.append(dead)
        size += len(dead.record.value or b"") + len(dead.record.key or b"")
        if len(batch) >= records or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
