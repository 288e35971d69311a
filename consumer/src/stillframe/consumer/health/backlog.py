"""Does the log have records that do not arrive? Pure: ``now`` is passed in.

The other half of promise I9: a worker that gets nothing has nothing to run, and would look idle. That is
how a response beyond ``receive.message.max.bytes`` shows itself: as silence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from stillframe.consumer.events import LogsMeasured
from stillframe.consumer.intake.partition import Partition

#: Seconds between two looks at whether something has moved.
EVERY: Final = 1.0


@dataclass(slots=True)
class Unread:
    """A partition whose log is longer than what has arrived: since when nothing has moved, and where it stands."""

    end: int
    since: float
    stand: tuple[int, int]


class Backlog:
    """Knows which partitions have unread records, and since when nothing of them arrives or finishes.

    Args:
        limit: seconds after which that is a stall.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._unread: dict[Partition, Unread] = {}
        self._missing: tuple[str, ...] = ()
        self._forbidden: tuple[str, ...] = ()
        self._looked = 0.0

    def measured(self, event: LogsMeasured, now: float) -> None:
        """Take in what the broker says."""
        self._missing, self._forbidden = tuple(event.missing), tuple(event.forbidden)
        for partition, bounds in event.logs.items():
            if partition in self._unread:
                self._unread[partition].end = bounds.end
            else:
                self._unread[partition] = Unread(bounds.end, now, _stand(partition))
        self._look(now)

    def turned(self, now: float) -> None:
        """The poll loop has gone round: look whether something has moved, now and then."""
        if now - self._looked >= EVERY:
            self._look(now)

    def forget(self, partitions: Collection[Partition]) -> None:
        """These have left."""
        for partition in partitions:
            self._unread.pop(partition, None)

    def stalls(self, now: float) -> Iterator[str]:
        """What does not arrive, and which topics are out of reach."""
        for topic in self._missing:
            yield f"topic {topic} does not exist"
        for topic in self._forbidden:
            yield f"topic {topic} is forbidden: grant this principal Read and Describe on it"
        for partition, unread in self._unread.items():
            if now - unread.since > self._limit:
                yield (
                    f"{partition}: nothing has arrived from offset {unread.stand[0]} on "
                    f"for {now - unread.since:.0f} s, though the log ends at {unread.end}"
                )

    def _look(self, now: float) -> None:
        self._looked = now
        read = [each for each, unread in self._unread.items() if max(each.position, each.read_up_to) >= unread.end]
        self.forget(read)
        for partition, unread in self._unread.items():
            stand = _stand(partition)
            if stand != unread.stand or partition.is_at_rest:
                unread.since, unread.stand = now, stand


def _stand(partition: Partition) -> tuple[int, int]:
    """What changes when a record arrives, and when a task finishes."""
    return partition.position, partition.ledger.unfinished
