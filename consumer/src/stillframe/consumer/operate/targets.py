"""Where a dead letter goes when it is sent back, with which headers, and why some are held back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from stillframe.consumer.operate.cluster import Layout
from stillframe.consumer.operate.dead_letters import DeadLetter
from stillframe.consumer.operate.foreign import System, without_foreign
from stillframe.consumer.operate.replays import Replay, with_replay
from stillframe.consumer.operate.source import Source
from stillframe.schemas import Record
from stillframe.schemas.headers import DELIVERY_HEADERS, MOST_ATTEMPTS, with_delivery_state
from stillframe.schemas.record import RecordHeaders
from stillframe.schemas.topics import Tier

#: A task that was sent back so often and died each time is not mended by another time.
MOST_REPLAYS: Final = 3

LOOPING: Final = f"sent back {MOST_REPLAYS} times before: --force sends them once more"
NO_ORIGIN: Final = "do not say where they came from: --to says where to send them"
NO_TOPIC: Final = "came from a topic that does not exist: --to says where to send them"
NO_COPY: Final = "hold no copy of what died (errors.deadletterqueue.copy.record.enable is off), only where it lay"


@dataclass(frozen=True, slots=True)
class Aim:
    """What an operator wants of a redrive.

    Attributes:
        to: a topic to send to; ``None`` for the shortest retry topic of the group, and for another system's
            dead letters the topic that each came from.
        force: send also what was sent back ``MOST_REPLAYS`` times.
    """

    source: Source
    to: str | None = None
    force: bool = False

    @property
    def topics(self) -> list[str]:
        """Where all of them go; none if each says so itself."""
        if self.to is not None:
            return [self.to]
        family = self.source.family
        return [] if family is None else [family.retry_topic(family.tiers[0])]

    def topic(self, dead: DeadLetter) -> str | None:
        """Where this one goes; ``None`` if nobody says."""
        origin = dead.state.origin
        return next(iter(self.topics), None if origin is None else origin.topic)

    def refusal(self, dead: DeadLetter, layouts: Mapping[str, Layout]) -> str | None:
        """Why this one is held back, if it is."""
        if not self.force and dead.replayed >= MOST_REPLAYS:
            return LOOPING
        if not dead.is_copy:
            return NO_COPY
        topic = self.topic(dead)
        if topic is None:
            return NO_ORIGIN
        return None if topic in layouts else NO_TOPIC

    def parcel(self, dead: DeadLetter, layouts: Mapping[str, Layout], now: int, by: str) -> Record:
        """The record to send: key and value as they are, due now, as if it had never been tried."""
        topic = self.topic(dead) or ""
        family = self.source.family
        tier = None if family is None else family.retry_topics.get(topic)
        headers = _redriven(dead, tier, now) if tier else _afresh(dead)
        partition = self._partition(dead, topic, tier)
        return Record(
            topic,
            dead.record.key,
            dead.record.value,
            with_replay(headers, Replay(now, by)),
            partition if 0 <= partition < layouts[topic].partitions else -1,
        )

    def _partition(self, dead: DeadLetter, topic: str, tier: Tier | None) -> int:
        """Where it lay before, in a retry topic and in the topic that it came from; elsewhere the key decides."""
        origin = dead.state.origin
        if tier is not None:
            return dead.record.partition
        return origin.partition if origin is not None and origin.topic == topic else -1


def _redriven(dead: DeadLetter, tier: Tier, now: int) -> RecordHeaders:
    """Due now, counted once more. Origin and last error stay. The time of the first failure goes: a limit on a
    task's age since then would otherwise give it up again at once."""
    state = replace(
        dead.state,
        attempt=1,
        not_before=now,
        first_failed_at=None,
        retry_tier=tier.name,
        replayed=min(dead.replayed + 1, MOST_ATTEMPTS),
    )
    headers = dead.record.headers if dead.system is System.STILLFRAME else without_foreign(dead.record.headers)
    return with_delivery_state(headers, state)


def _afresh(dead: DeadLetter) -> RecordHeaders:
    """As it was first submitted: delivery headers count on retry topics only."""
    kept = tuple(header for header in dead.record.headers if header[0] not in DELIVERY_HEADERS)
    return kept if dead.system is System.STILLFRAME else without_foreign(kept)
