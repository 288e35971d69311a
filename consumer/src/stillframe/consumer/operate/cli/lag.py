"""``stillframe lag``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from stillframe.consumer.operate.cli.options import AsJson, Groups, Servers, Topics
from stillframe.consumer.operate.cli.output import print_json, print_table
from stillframe.consumer.operate.cli.scope import find
from stillframe.consumer.operate.lag import FamilyLag, PartitionLag, Role, TopicLag, measure
from stillframe.consumer.operate.quantities import moment

COLUMNS = ("topic", "role", "partition#", "start#", "end#", "committed#", "lag#", "done#", "due#")


def lag(*, group: Groups, topic: Topics = None, bootstrap_servers: Servers = None, as_json: AsJson = False) -> None:
    """Show how far groups are behind: log end minus committed offset, asked of the broker.

    "done" is the part of the lag that is done already but lies above a task that is not. Retry topics
    are counted apart: what waits there may not be due yet. Of a dead-letter topic, done is what was
    sent back to work.
    """
    scope = find(group, topic, bootstrap_servers)
    now = time.time_ns() // 1_000_000
    measured = measure(scope.cluster, scope.families, scope.layouts, now)
    if as_json:
        print_json({"at": moment(now), "families": [_family(each) for each in measured]})
        return
    for family in measured:
        print_table(COLUMNS, _rows(family))
        print(_summary(family))


def _rows(family: FamilyLag) -> Iterator[tuple[object, ...]]:
    """A line for each topic, and below it one for each partition with something to say."""
    for topic in family.topics:
        done = topic.lag - topic.unfinished
        yield topic.topic, topic.role, len(topic.partitions), None, None, None, topic.lag, done, topic.due
        for each in topic.partitions:
            if each.lag or each.deleted:
                yield "", "", each.partition, each.start, each.end, each.committed, each.lag, each.done, None


def _summary(family: FamilyLag) -> str:
    waiting, due = family.unfinished(Role.RETRY), family.due
    parts = [
        f"{family.unfinished(Role.TASKS):,} tasks to do",
        f"{waiting:,} in retry" + ("" if due is None else f" ({due:,} due)"),
        f"{family.unfinished(Role.DEAD_LETTERS):,} dead",
    ]
    alive = [topic for topic in family.topics if topic.role is not Role.DEAD_LETTERS]
    if deleted := sum(each.deleted for topic in alive for each in topic.partitions):
        parts.append(f"{deleted:,} DELETED by retention before they were committed")
    return f"group {family.family.group}, topic {family.family.topic}: {', '.join(parts)}"


def _family(family: FamilyLag) -> dict[str, Any]:
    return {
        "group": family.family.group,
        "topic": family.family.topic,
        "tasks": family.unfinished(Role.TASKS),
        "retry": family.unfinished(Role.RETRY),
        "due": family.due,
        "dead": family.unfinished(Role.DEAD_LETTERS),
        "topics": [_topic(each) for each in family.topics],
    }


def _topic(topic: TopicLag) -> dict[str, Any]:
    return {
        "topic": topic.topic,
        "role": topic.role,
        "tier": topic.tier,
        "lag": topic.lag,
        "unfinished": topic.unfinished,
        "due": topic.due,
        "partitions": [_partition(each) for each in topic.partitions],
    }


def _partition(each: PartitionLag) -> dict[str, Any]:
    return {
        "partition": each.partition,
        "start": each.start,
        "end": each.end,
        "committed": each.committed,
        "lag": each.lag,
        "done": each.done,
        "deleted": each.deleted,
    }
