"""Purges dead letters: at once no command knows them any more, and their bytes go as soon as Kafka lets them.

Kafka deletes from a log's beginning only. So a purged dead letter is first marked in the index
(:mod:`.gone`): it is not listed, shown or sent back, not even by its name. Then each partition's log is cut
off below the first dead letter that still waits, which takes what was sent back before it along. What lies
above that one stays on the disk, known to nobody, until a later purge or the topic's retention gets to it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from stillframe.consumer.operate.audit import audit
from stillframe.consumer.operate.choice import Choice
from stillframe.consumer.operate.cluster import Cluster, Layout, Refused
from stillframe.consumer.operate.courier import Courier
from stillframe.consumer.operate.gone import Kind
from stillframe.consumer.operate.held import Held, dead_letters, held, wanted_ranges
from stillframe.consumer.operate.index import Marks, single
from stillframe.consumer.operate.redrive import BATCH_RECORDS, batches
from stillframe.consumer.operate.scan import Range
from stillframe.consumer.progress.completion_map import Run


class Purge:
    """One run over one dead-letter topic. One that is interrupted has purged what its marks say.

    Args:
        layouts: the topics that exist.
        looked_at: called with how many dead letters more were dealt with, be they meant or not.

    Attributes:
        count: dead letters that were marked.
        deleted: offsets that were taken from the logs.
        kept: why none was, if the broker did not let it.
    """

    def __init__(
        self,
        cluster: Cluster,
        where: Held,
        layouts: Mapping[str, Layout],
        chosen: Choice,
        looked_at: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._cluster = cluster
        self._where = where
        self._layouts = layouts
        self._chosen = chosen
        self._looked_at = looked_at
        self.ranges = wanted_ranges(cluster, where, chosen)
        self.count = self.deleted = 0
        self.kept: str | None = None

    def run(self) -> None:
        """Purge what is chosen.

        Raises:
            BrokerUnreachable, CommandError: see :class:`Marks` and :func:`scan`.
        """
        try:
            with Courier(self._cluster.settings) as courier:
                marks = Marks(self._cluster, self._where.source, self._layouts, Kind.PURGED, courier)
                touched = {wanted.partition for wanted in self.ranges if self._mark(marks, wanted)}
            self._cut_off(touched)
        finally:
            if self.count:
                self._audit()

    def _mark(self, marks: Marks, wanted: Range) -> int:
        """Gaps are marked with what is meant: nobody waits there, and the log could not be cut off beyond one."""
        before, behind = self.count, wanted.start
        for batch in batches(dead_letters(self._cluster, [wanted]), BATCH_RECORDS):
            meant = [dead.record.offset for dead in batch if self._where.is_meant(dead, self._chosen)]
            gone = [*single(meant), *_gaps(behind, [dead.record.offset for dead in batch])]
            if gone:
                marks.add({wanted.partition: gone})
                self.count += len(meant)
            behind = batch[-1].record.offset + 1
            self._looked_at(len(batch))
        if behind < wanted.end and self.count > before:
            marks.add({wanted.partition: [(behind, wanted.end)]})
        return self.count - before

    def _cut_off(self, touched: Collection[int]) -> None:
        """Below what still waits by now: somebody else may have sent back or purged meanwhile."""
        if not touched:
            return
        now = held(self._cluster, self._where.source, self._cluster.topics())
        below = {
            (self._where.topic, number): each.position
            for number, each in now.partitions.items()
            if number in touched and each.position > each.start
        }
        try:
            self._cluster.delete_below(below)
        except Refused as error:
            self.kept = str(error)
        else:
            self.deleted = sum(offset - now.partitions[place[1]].start for place, offset in below.items())

    def _audit(self) -> None:
        audit(
            "dead_letters_purged",
            count=self.count,
            group=self._where.source.group,
            topic=self._where.topic,
            deleted=self.deleted,
            selection=self._chosen.described(),
        )


def _gaps(start: int, offsets: Iterable[int]) -> Iterator[Run]:
    """What lies between the offsets, from ``start`` on, and holds no record: where transactions ended, say."""
    for offset in offsets:
        if offset > start:
            yield start, offset
        start = offset + 1
