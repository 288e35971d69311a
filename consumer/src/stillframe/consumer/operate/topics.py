"""Topics as the code wants them: plan and apply."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError

from stillframe.consumer.errors import UnsafeTopics
from stillframe.consumer.operate.cluster import FORBIDDEN, TIMEOUT, Cluster, Refused
from stillframe.consumer.operate.topic_plan import Grow, Set, Shortfall, retention_bound, shortfalls
from stillframe.consumer.operate.topic_rules import Choices, Create, Found
from stillframe.schemas.topics import TopicFamily

EMBEDDED = "the embedded broker has no topic settings to check: it is for trying out only"
NOT_ALLOWED = "topic settings were not checked: grant this principal DescribeConfigs on its topics"
#: Seconds between two questions while the brokers learn of a change.
ASK_AGAIN_AFTER = 0.1


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is of some families' topics.

    Attributes:
        unchecked: why settings could not be read, if they could not.
    """

    found: dict[str, Found]
    unchecked: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is missing or unsafe, what T's retention means, and what could not be checked."""

    shortfalls: Sequence[Shortfall]
    bounds: Sequence[str]
    unchecked: str | None

    @property
    def unsafe(self) -> list[Shortfall]:
        return [shortfall for shortfall in self.shortfalls if shortfall.unsafe]


def plan(cluster: Cluster, families: Sequence[TopicFamily], choices: Choices) -> Plan:
    """Compare what exists with what should; changes nothing.

    Raises:
        BrokerUnreachable, Refused: see :class:`Cluster`.
    """
    return planned(survey(cluster, families), families, choices)


def apply(
    cluster: Cluster,
    families: Sequence[TopicFamily],
    choices: Choices,
    done: Callable[[Shortfall], object] = lambda _: None,
) -> Plan:
    """Create what is missing and raise what is too low; nothing is lowered or deleted.

    Args:
        done: called after each change.

    Returns:
        what is still short afterwards: normally what only an operator can change.

    Raises:
        BrokerUnreachable, Refused: changes already made stay, and applying again goes on from there.
    """
    embedded = cluster.is_embedded()
    for shortfall in _in_order(plan(cluster, families, choices).shortfalls):
        _change(cluster, shortfall, embedded=embedded)
        done(shortfall)
    return _once_known(lambda: plan(cluster, families, choices))


def unsafe_topics(unsafe: Sequence[Shortfall]) -> UnsafeTopics:
    """The error that lists them, each with its cure."""
    lines = "".join(f"\n  {each.topic}: {each.what}: {each.cure}" for each in unsafe)
    return UnsafeTopics(f"tasks could be lost by {len(unsafe)} fault(s) of topics:{lines}")


def survey(cluster: Cluster, families: Sequence[TopicFamily]) -> Survey:
    """Look at the families' topics; those that do not exist are left out.

    One broker may list a new topic of which another, asked for its settings, does not know yet: they are
    asked again until they agree.
    """
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            return _look(cluster, families)
        except Refused as error:
            if error.code != KafkaError.UNKNOWN_TOPIC_OR_PART or time.monotonic() >= deadline:
                raise
        time.sleep(ASK_AGAIN_AFTER)


def _look(cluster: Cluster, families: Sequence[TopicFamily]) -> Survey:
    existing = cluster.topics()
    layouts = {name: existing[name] for family in families for name in family.names if name in existing}
    settings: dict[str, dict[str, str]] = {}
    unchecked = EMBEDDED if cluster.is_embedded() else None
    if unchecked is None:
        try:
            settings = cluster.settings_of(layouts)
        except Refused as error:
            if error.code not in FORBIDDEN:
                raise
            unchecked = NOT_ALLOWED
    found = {name: Found(layout.partitions, layout.replicas, settings.get(name)) for name, layout in layouts.items()}
    return Survey(found, unchecked)


def planned(seen: Survey, families: Sequence[TopicFamily], choices: Choices) -> Plan:
    """What the code wants of the topics that were found. Pure."""
    short = [each for family in families for each in shortfalls(family, seen.found, choices)]
    bounds = [retention_bound(f.topic, seen.found.get(f.topic), choices) for f in families]
    return Plan(short, bounds, seen.unchecked)


def _once_known(look: Callable[[], Plan]) -> Plan:
    """The controller has made the changes; the brokers, which are asked here, learn of them a moment later."""
    deadline = time.monotonic() + TIMEOUT
    seen = look()
    while any(shortfall.change for shortfall in seen.shortfalls) and time.monotonic() < deadline:
        time.sleep(ASK_AGAIN_AFTER)
        seen = look()
    return seen


def _in_order(short: Sequence[Shortfall]) -> list[Shortfall]:
    """Creations first, a task topic before its others; then settings, and the task topic's last.

    A task topic's limit on sizes must never be ahead of those that its failed tasks go to.
    """
    possible = [each for each in short if each.change is not None]
    creations = [each for each in possible if isinstance(each.change, Create)]
    return creations + [each for each in reversed(possible) if each not in creations]


def _change(cluster: Cluster, shortfall: Shortfall, *, embedded: bool) -> None:
    match shortfall.change:
        case Create() if embedded:
            cluster.touch(shortfall.topic)
        case Create() as wanted:
            cluster.create(shortfall.topic, wanted)
        case Grow(partitions):
            cluster.grow(shortfall.topic, partitions)
        case Set(setting, value):
            cluster.set(shortfall.topic, setting, value)
