"""Which topic families a group has, read from the names of the topics that exist. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.schemas.topics import DEFAULT_TIERS, TIER_NAME, Tier, TopicFamily, check_topic_name

#: What a family's topics are called after their task topic: ``.G.dlq`` and ``.G.retry.<tier>``.
RETRY = re.compile(rf"(?P<topic>.+)\.retry\.(?P<tier>{TIER_NAME.pattern})")
DEAD_LETTERS = re.compile(r"(?P<topic>.+)\.(?P<group>[^.]+)\.dlq")


def find_families(
    existing: Collection[str], groups: Iterable[str], topics: Collection[str] = ()
) -> list[TopicFamily]:
    """The families of some groups.

    Args:
        existing: the names of all topics.
        groups: each must have at least one family.
        topics: task topics to narrow it down to; all of a group's by default.

    Raises:
        CommandError: a group has no topics here, or a task topic is not one of any group's.
        DefinitionError: a group or topic is not a legal name.
    """
    families = [family for group in groups for family in _of_group(existing, group)]
    chosen = [family for family in families if not topics or family.topic in topics]
    known = {family.topic for family in families}
    for topic in topics:
        check_topic_name(topic, "topic")
        if topic not in known:
            raise _no_topic(topic, known)
    return chosen


def family_of(families: Collection[TopicFamily], topic: str) -> TopicFamily:
    """The one that a topic belongs to.

    Raises:
        CommandError: it belongs to none.
    """
    found = next((family for family in families if topic in family.names), None)
    if found is None:
        error = CommandError(f"{topic!r} is no topic of the group")
        raise hinted(error, f"there are {', '.join(name for family in families for name in family.names)}")
    return found


def known_groups(existing: Iterable[str]) -> list[str]:
    """The groups that have a dead-letter topic; one with a dot in its name cannot be told from a topic's."""
    return sorted({match["group"] for name in existing if (match := DEAD_LETTERS.fullmatch(name))})


def _of_group(existing: Collection[str], group: str) -> list[TopicFamily]:
    check_topic_name(group, "group")
    tiers: dict[str, list[Tier]] = {}
    for name in existing:
        if name.endswith(ending := f".{group}.dlq"):
            tiers.setdefault(name.removesuffix(ending), [])
        elif (match := RETRY.fullmatch(name)) and match["topic"].endswith(f".{group}"):
            tiers.setdefault(match["topic"].removesuffix(f".{group}"), []).append(Tier.parse(match["tier"]))
    if not tiers:
        raise _no_group(existing, group)
    return [TopicFamily(topic, group, _rising(found)) for topic, found in sorted(tiers.items())]


def _rising(tiers: list[Tier]) -> tuple[Tier, ...]:
    """Of two spellings of one delay only one can be in use: which, the names do not tell."""
    by_delay = {tier.seconds: tier for tier in sorted(tiers, key=lambda tier: tier.name)}
    return tuple(by_delay[seconds] for seconds in sorted(by_delay)) or DEFAULT_TIERS


def _no_group(existing: Iterable[str], group: str) -> CommandError:
    groups = known_groups(existing)
    error = CommandError(f"group {group!r} has no retry or dead-letter topics here")
    if not groups:
        return hinted(error, "create them with `stillframe topics apply M:W`, or correct the broker's address")
    return hinted(error, f"groups that have some: {', '.join(groups)}")


def _no_topic(topic: str, known: Collection[str]) -> CommandError:
    error = CommandError(f"{topic!r} is no task topic of the group")
    near = difflib.get_close_matches(topic, known, n=1)
    return hinted(error, f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}")
