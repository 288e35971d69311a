"""Where the topics that exist fall short of what they should be, and what would be done about it. Pure.

A shortfall is *unsafe* if a task without an outcome could be lost by it, or one with an outcome could
not be written on: a worker refuses to start then. The others only fall short of the plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from stillframe.consumer.operate.quantities import duration, size
from stillframe.consumer.operate.topic_rules import (
    CLEANUP,
    IN_SYNC,
    RETENTION,
    RETENTION_BYTES,
    UNLIMITED,
    Choices,
    Create,
    Floor,
    Found,
    Wanted,
    wanted_topics,
)
from stillframe.schemas.topics import TopicFamily


@dataclass(frozen=True, slots=True)
class Grow:
    """Add partitions, up to this number."""

    partitions: int


@dataclass(frozen=True, slots=True)
class Set:
    """Change one setting of the topic."""

    setting: str
    value: str


#: What another number of partitions than the task topic's means for a retry topic.
OVERLAP: Final = "a key's retry may overlap its next task, in another worker"

#: What `topics apply` can do.
Change = Create | Grow | Set


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Where one topic falls short.

    Attributes:
        what: what is wrong, with the figures.
        unsafe: whether a worker refuses to start.
        change: what `topics apply` does about it; ``None`` if only an operator can.
        cure: what to do about it.
        warned: whether a worker that starts says so.
    """

    topic: str
    what: str
    unsafe: bool
    change: Change | None
    cure: str = "run `stillframe topics apply M:W`"
    warned: bool = False


def shortfalls(family: TopicFamily, found: Mapping[str, Found], choices: Choices) -> list[Shortfall]:
    """Everything in which a family's topics fall short of what they should be, the task topic first.

    Args:
        found: the topics that exist, by name.
    """
    return [
        shortfall
        for topic, wanted in wanted_topics(family, found.get(family.topic), choices).items()
        for shortfall in _shortfalls(topic, found.get(topic), wanted)
    ]


def retention_bound(topic: str, found: Found | None, choices: Choices) -> str:
    """What the task topic's retention means for promise I1, in one sentence."""
    kept = choices.retention_ms if found is None else found.number(RETENTION)
    if kept is None:
        return f"{topic} keeps a task for as long as the broker says: one unfinished then is lost (promise I1)"
    limit = UNLIMITED if found is None else (found.number(RETENTION_BYTES) or UNLIMITED)
    bounds = [duration(kept)] if kept != UNLIMITED else []
    bounds += [f"{size(limit)} per partition"] if limit != UNLIMITED else []
    if not bounds:
        return f"{topic} keeps every task until it is deleted by hand"
    return f"{topic} keeps a task for {' or '.join(bounds)}: one unfinished by then is lost (promise I1)"


def _shortfalls(topic: str, found: Found | None, wanted: Wanted) -> Iterator[Shortfall]:
    if found is None:
        yield Shortfall(topic, "does not exist", unsafe=True, change=wanted.creation)
        return
    if found.replicas < wanted.replication:
        yield Shortfall(
            topic,
            f"has {found.replicas} replica(s), its task topic has {wanted.replication}",
            unsafe=True,
            change=None,
            cure="add replicas with kafka-reassign-partitions.sh",
        )
    if found.partitions != wanted.partitions:
        yield from _uneven(topic, found, wanted)
    if found.settings is not None:
        yield from _settings_shortfalls(topic, found, wanted)


def _uneven(topic: str, found: Found, wanted: Wanted) -> Iterator[Shortfall]:
    """Only with equal numbers does the group give a task and its retries to one worker (promise I4)."""
    what = f"has {found.partitions} partitions, its task topic has {wanted.partitions}"
    if wanted.is_retry:
        what += f": {OVERLAP}"
    if found.partitions < wanted.partitions:
        yield Shortfall(topic, what, unsafe=False, change=Grow(wanted.partitions), warned=wanted.is_retry)
    elif wanted.is_retry:
        cure = f"raise its task topic to {found.partitions}, or delete it while it is empty and apply again"
        yield Shortfall(topic, what, unsafe=False, change=None, cure=cure, warned=True)


def _settings_shortfalls(topic: str, found: Found, wanted: Wanted) -> Iterator[Shortfall]:
    if "compact" in (found.settings or {}).get(CLEANUP, ""):
        what = f"{CLEANUP} is compact: of the tasks of one key only the last is kept"
        yield Shortfall(topic, what, unsafe=True, change=Set(CLEANUP, "delete"))
    for floor in wanted.floors:
        value = found.number(floor.setting)
        if value is None or floor.reached(value) or _unwritable(floor, found):
            continue
        what = f"{floor.setting} is {_show(floor.setting, value)}, not {_least(floor)}: {floor.because}"
        yield Shortfall(topic, what, not floor.is_safe(value), change=Set(floor.setting, str(floor.least)))


def _unwritable(floor: Floor, found: Found) -> bool:
    """More in-sync replicas than there are replicas would make every write fail: those come first."""
    return floor.setting == IN_SYNC and floor.least > found.replicas


def _least(floor: Floor) -> str:
    return "unlimited" if floor.least == UNLIMITED else f"{_show(floor.setting, floor.least)} or more"


def _show(setting: str, value: int) -> str:
    if value == UNLIMITED:
        return "unlimited"
    if setting.endswith(".ms"):
        return duration(value)
    return f"{value:,} B" if setting.endswith(".bytes") else str(value)
