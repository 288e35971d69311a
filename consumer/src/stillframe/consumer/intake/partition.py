"""One partition during one ownership: from its assignment until it is revoked or lost."""

from __future__ import annotations

from typing import NamedTuple

from stillframe.consumer.progress.ledger import CommitPoint, Ledger
from stillframe.consumer.quarantine.marks import Marks
from stillframe.schemas.topics import Tier, TopicFamily


class LogBounds(NamedTuple):
    """The first offset that a partition's log still has, and the one that its next record will have."""

    start: int
    end: int


class Partition:
    """What the worker knows of a partition while it owns it.

    A partition that comes back after a rebalance is another ``Partition``: results that are still
    on their way for the old one find ``owned`` false and touch a ledger that nobody commits from.
    That is the fence of promise I7; no epoch number has to be compared.

    Its states, in order: ``owned``; ``leaving`` as well, while it drains; then not ``owned``.

    Attributes:
        family: the task topic it belongs to, itself or through one of its retry topics.
        tier: the tier of a retry topic; ``None`` on the task topic.
        ownership: number of this ownership among the worker's, rising.
        committed: what the broker has acknowledged, if anything.
        leaving: it is about to be given up: no retry of its tasks may wait in memory any more.
        paused: why intake is paused; ``None`` while it flows.
        promised: strict waits of its last owner whose records are still to come.
        held: hand-offs that the broker has refused and that are being tried again.
        marks: what is known against its records, by offset; most partitions have none.
        stopped: why the client can read no further, such as an offset out of range.
        out_of_range: it is stopped for that: the log has no record at its position.
        read_up_to: where the log was last read to its end; markers of transactions may lie below it.
        topic_id: of the topic that the ledger counts the offsets of; ``None`` until it is known.
    """

    __slots__ = (
        "committed",
        "family",
        "held",
        "leaving",
        "ledger",
        "marks",
        "number",
        "out_of_range",
        "owned",
        "ownership",
        "paused",
        "promised",
        "read_up_to",
        "stopped",
        "tier",
        "topic",
        "topic_id",
    )

    def __init__(
        self, topic: str, number: int, family: TopicFamily, tier: Tier | None, ledger: Ledger, *, ownership: int = 0
    ) -> None:
        self.topic = topic
        self.number = number
        self.family = family
        self.tier = tier
        self.ledger = ledger
        self.committed: CommitPoint | None = None
        self.ownership = ownership
        self.owned = True
        self.leaving = False
        self.paused: str | None = None
        self.promised = ledger.promised
        self.held = 0
        self.stopped: str | None = None
        self.marks: Marks = {}
        self.out_of_range = False
        self.read_up_to = -1
        self.topic_id: str | None = None

    @property
    def position(self) -> int:
        """The next offset to be received."""
        return self.ledger.committable + self.ledger.span

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is to arrive now, and health knows why."""
        return not self.owned or self.leaving or self.paused is not None or self.stopped is not None

    def __repr__(self) -> str:
        return f"{self.topic}[{self.number}]"
