"""Which dead letters no longer wait: those that were sent back, and those that were purged. Pure.

Each run of a command that sends back or purges leaves one record a partition in an index, a compacted
topic beside the dead-letter topic. Whoever reads it joins them: no run writes over what another has
written, in whatever order they end, and nothing is forgotten after some days, as a group's commits are.

Key: ``<topic id>:<partition>:<kind>:<run>``. The topic's id is that of the dead-letter topic, whose offsets
mean nothing once it was deleted and made anew. Value: the run's offsets, as the completion map of a commit
writes them, from offset 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.progress.completion_map import pack_runs, read_runs
from stillframe.consumer.progress.leb128 import unpack
from stillframe.consumer.progress.runs import Runs

#: A record of the index fits a topic's default max.message.bytes; its 300,000 runs or more are those of
#: millions of dead letters. One that is half full is let be, and the next batch, which takes far less than the
#: other half, begins another: what did not fit would be forgotten, and what was purged be there again.
MOST_BYTES: Final = 900_000
HALF_FULL: Final = MOST_BYTES // 2


class Kind(StrEnum):
    """How a dead letter has stopped waiting."""

    REDRIVEN = "redriven"
    PURGED = "purged"


class IndexKey(NamedTuple):
    """Whose offsets a record of the index holds."""

    topic_id: str
    partition: int
    kind: Kind
    run: str

    @property
    def encoded(self) -> bytes:
        return ":".join(map(str, self)).encode()

    @classmethod
    def read(cls, key: bytes | None) -> IndexKey | None:
        """``None`` if it is no key of an index."""
        try:
            topic_id, partition, kind, run = (key or b"").decode().split(":")
            return cls(topic_id, int(partition), Kind(kind), run)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Gone:
    """What no longer waits in one partition."""

    redriven: Runs
    purged: Runs

    @classmethod
    def nothing(cls) -> Gone:
        return cls(Runs(), Runs())

    def runs(self, kind: Kind) -> Runs:
        return self.purged if kind is Kind.PURGED else self.redriven

    def above(self, start: int) -> Progress:
        """The same as the progress of somebody who began at the log's start."""
        progress = Progress(start, tuple(Runs([*self.redriven, *self.purged])))
        return progress.plus(())


def encode(runs: Iterable[tuple[int, int]]) -> bytes:
    """The value of a run's record."""
    encoded = bytearray()
    for packed in pack_runs(0, runs):
        if len(encoded) + len(packed) > MOST_BYTES:
            break
        encoded += packed
    return bytes(encoded)


def join(records: Mapping[IndexKey, bytes], topic_id: str) -> dict[int, Gone]:
    """What all runs have left of a topic, by partition. A record that cannot be read says nothing."""
    found: dict[int, Gone] = {}
    for key, value in records.items():
        if key.topic_id != topic_id:
            continue
        try:
            runs = list(read_runs(0, list(unpack(value))))
        except ValueError:
            continue
        joined = found.setdefault(key.partition, Gone.nothing()).runs(key.kind)
        for start, end in runs:
            joined.add(start, end)
    return found
