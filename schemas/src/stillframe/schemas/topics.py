"""The names of the topics that belong to a task topic ``T`` and a group ``G``.

``T`` itself, ``T.G.retry.<tier>`` for each retry tier, ``T.G.dlq`` for dead letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from stillframe.schemas.errors import DefinitionError
from stillframe.schemas.frozen import frozen

#: org.apache.kafka.common.internals.Topic: legal characters and length.
TOPIC_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")
TIER_NAME = re.compile(r"([1-9][0-9]{0,5})([smhd])")
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@frozen
class Tier:
    """One retry topic's delay: the longest that a record waits in it, in seconds."""

    name: str
    seconds: int

    @classmethod
    def parse(cls, name: str) -> Tier:
        """Read ``"30s"``, ``"1m"``, ``"10m"``, ``"1h"`` or ``"2d"``.

        Raises:
            DefinitionError: the name is not of that form.
        """
        match = TIER_NAME.fullmatch(name)
        if match is None:
            raise DefinitionError(f"retry tier {name!r} is not a number and a unit: write 30s, 1m, 10m, 1h or 1d")
        return cls(name, int(match[1]) * SECONDS[match[2]])


DEFAULT_TIERS = (Tier("1m", 60), Tier("10m", 600), Tier("1h", 3_600))


@frozen
class TopicFamily:
    """A task topic with the retry and dead-letter topics that one group keeps for it.

    Raises:
        DefinitionError: a name is not legal in Kafka, or a tier is given twice or not in rising order.
    """

    topic: str
    group: str
    tiers: tuple[Tier, ...] = DEFAULT_TIERS

    def __post_init__(self) -> None:
        check_topic_name(self.topic, "topic")
        check_topic_name(self.group, "group")
        delays = [tier.seconds for tier in self.tiers]
        if not delays or delays != sorted(set(delays)):
            raise DefinitionError(
                f"retry tiers {[t.name for t in self.tiers]} must be one or more, each longer than the last"
            )
        for name in self.names:
            check_topic_name(name, f"topic {self.topic!r} with group {self.group!r} makes the name")

    def retry_topic(self, tier: Tier) -> str:
        return f"{self.topic}.{self.group}.retry.{tier.name}"

    @property
    def dead_letter_topic(self) -> str:
        return f"{self.topic}.{self.group}.dlq"

    @property
    def retry_topics(self) -> dict[str, Tier]:
        """Retry topic name to tier, shortest first."""
        return {self.retry_topic(tier): tier for tier in self.tiers}

    @property
    def names(self) -> tuple[str, ...]:
        return (self.topic, *self.retry_topics, self.dead_letter_topic)

    def tier_for(self, seconds: float) -> Tier:
        """The smallest tier that holds a delay; the largest for a longer one, which then hops on."""
        return next((tier for tier in self.tiers if tier.seconds >= seconds), self.tiers[-1])


def check_topic_name(name: str, what: str) -> None:
    """Raise DefinitionError unless Kafka takes ``name``; ``what`` says what it was to name."""
    given: object = name
    if not isinstance(given, str):
        raise DefinitionError(f"{what} is a {type(given).__name__}: give its name as text")
    if TOPIC_NAME.fullmatch(name) is None or name in {".", ".."}:
        raise DefinitionError(
            f"{what} {name!r} ({len(name)} characters) is not a legal Kafka name: use 1 to 249 of a-z A-Z 0-9 . _ -"
        )


def check_collisions(families: Iterable[TopicFamily]) -> None:
    """Refuse two topics of the same name, or of names that Kafka cannot tell apart in its metrics.

    Args:
        families: each task topic's family once.

    Raises:
        DefinitionError: names both topics.
    """
    taken: dict[str, str] = {}
    for name in (name for family in families for name in family.names):
        folded = name.replace(".", "_")
        if folded in taken:
            raise DefinitionError(
                f"topics {taken[folded]!r} and {name!r} collide (Kafka treats '.' and '_' alike): "
                "rename one task topic or the group"
            )
        taken[folded] = name
