"""One partition during one ownership: from its assignment until it is revoked or lost."""

from __future__ import annotations

from stillframe.consumer.progress.ledger import CommitPoint, Ledger
from stillframe.schemas.topics import Tier, TopicFamily


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
        held: hand-offs that the broker has refused and that are being tried again.
        stopped: why the client can read no further, such as an offset out of range.
    """

    __slots__ = (
        "committed",
        "family",
        "held",
        "leaving",
        "ledger",
        "number",
        "owned",
        "ownership",
        "paused",
        "stopped",
        "tier",
        "topic",
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
        self.held = 0
        self.stopped: str | None = None

    def __repr__(self) -> str:
        return f"{self.topic}[{self.number}]"
