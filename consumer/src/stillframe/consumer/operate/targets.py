"""Where a dead letter goes when it is sent back, with which headers, and why some are held back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from stillframe.consumer.operate.cluster import Layout
from stillframe.consumer.operate.dead_letters import DeadLetter
from stillframe.consumer.operate.foreign import System, without_foreign
from stillframe.consumer.operate.replays import Replay, with_replay
from stillframe.consumer.operate.source import Source
from stillframe.schemas import Record
from stillframe.schemas.headers import (
    ATTEMPT,
    DELIVERY_HEADERS,
    FIRST_FAILED_AT,
    MOST_ATTEMPTS,
    NOT_BEFORE,
    REPLAYED,
    RETRY_TIER,
)
from stillframe.schemas.record import RecordHeaders
from stillframe.schemas.topics import Tier

#: A task that was sent back so often and died each time is not mended by another time.
MOST_REPLAYS: Final = 3

#: Headers that say how far a task had come.
AGEING: Final = frozenset({ATTEMPT, NOT_BEFORE, FIRST_FAILED_AT, RETRY_TIER, REPLAYED})

LOOPING: Final = f"sent back {MOST_REPLAYS} times before: --force sends them once more"
NO_ORIGIN: Final = "do not say where they came from: --to says where to send them"
NO_TOPIC: Final = "came from a topic that does not exist: --to says where to send them"
NO_COPY: Final = "hold no copy of what died, and where it lay it is not any more"


class Aim:
    """What an operator wants of a redrive.

    Args:
        to: a topic to send to; ``None`` for the shortest retry topic of the group, and for another system's
            dead letters the topic that each came from.
        force: send also what was sent back ``MOST_REPLAYS`` times.
    """

    def __init__(self, source: Source, to: str | None = None, *, force: bool = False) -> None:
        family = source.family
        tiers = {} if family is None else family.retry_topics
        self.to = to if to is not None else next(iter(tiers), None)
        self.force = force
        self._tier = None if self.to is None else tiers.get(self.to)

    def topic(self, dead: DeadLetter) -> str | None:
        """Where this one goes; ``None`` if nobody says."""
        origin = dead.state.origin
        return self.to or (None if origin is None else origin.topic)

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

    def parcel(self, dead: DeadLetter, layouts: Mapping[str, Layout], replay: Replay) -> Record:
        """The record to send: key and value as they are, due at once, as if it had never been tried."""
        topic = self.topic(dead) or ""
        headers = _afresh(dead) if self._tier is None else _redriven(dead, self._tier, replay.at)
        partition = self._partition(dead, topic)
        return Record(
            topic,
            dead.record.key,
            dead.record.value,
            with_replay(headers, replay),
            partition if 0 <= partition < layouts[topic].partitions else -1,
        )

    def _partition(self, dead: DeadLetter, topic: str) -> int:
        """Where it lay before, in a retry topic and in the topic that it came from; elsewhere the key decides."""
        origin = dead.state.origin
        if self._tier is not None:
            return dead.record.partition
        return origin.partition if origin is not None and origin.topic == topic else -1


def _redriven(dead: DeadLetter, tier: Tier, now: int) -> RecordHeaders:
    """Due now, counted once more. Origin and last error stay as they are. The time of the first failure goes: a
    limit on a task's age since then would otherwise give it up again at once."""
    stale = AGEING if dead.is_readable else DELIVERY_HEADERS
    kept = [header for header in _own_headers(dead) if header[0] not in stale]
    return (*kept, *_fresh(now, tier, min(dead.replayed + 1, MOST_ATTEMPTS)))


@lru_cache  # nearly all of a run have the same
def _fresh(now: int, tier: Tier, replayed: int) -> RecordHeaders:
    headers = {ATTEMPT: 1, NOT_BEFORE: now, RETRY_TIER: tier.name, REPLAYED: replayed}
    return tuple((name, str(value).encode()) for name, value in headers.items())


def _afresh(dead: DeadLetter) -> RecordHeaders:
    """As it was first submitted: delivery headers count on retry topics only."""
    return tuple(header for header in _own_headers(dead) if header[0] not in DELIVERY_HEADERS)


def _own_headers(dead: DeadLetter) -> RecordHeaders:
    """Without what another system has written of its death."""
    headers = dead.record.headers
    return headers if dead.system is System.STILLFRAME else without_foreign(headers)
