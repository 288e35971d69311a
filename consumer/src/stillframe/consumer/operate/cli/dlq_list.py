"""``stillframe dlq list``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stillframe.consumer.operate.cli.options import AsJson, Errors, Groups, Servers, Topics, Types
from stillframe.consumer.operate.cli.output import print_json, print_table
from stillframe.consumer.operate.cli.scope import Scope, find
from stillframe.consumer.operate.held import Held, held, search
from stillframe.consumer.operate.piles import Filter, Pile, Piles
from stillframe.consumer.operate.quantities import moment
from stillframe.schemas.topics import TopicFamily

COLUMNS = ("task type", "error", "count#", "first", "last", "newest")


def list_piles(
    *,
    group: Groups,
    topic: Topics = None,
    task_type: Types = None,
    error: Errors = None,
    bootstrap_servers: Servers = None,
    as_json: AsJson = False,
) -> None:
    """List dead letters by task type and error; those that were sent back to work are left out."""
    scope = find(group, topic, bootstrap_servers)
    chosen = Filter(types=task_type or (), errors=error or ())
    listed = [_listed(scope, family, chosen) for family in scope.families]
    if as_json:
        print_json({"dead_letter_topics": [_as_json(*each) for each in listed]})
        return
    for where, piles in listed:
        if piles.count:
            print_piles(piles)
        besides = f"; {where.redriven:,} more were sent back" if where.redriven else ""
        print(f"{where.topic}: {piles.count:,} dead letters{besides}")


def print_piles(piles: Piles) -> None:
    """The table of piles."""
    print_table(COLUMNS, [_row(pile) for pile in piles.largest_first()])


def piles_as_json(piles: Piles) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "task_type": pile.task_type,
            "error_type": pile.error_type,
            "count": pile.count,
            "first": moment(pile.first),
            "last": moment(pile.last),
            "newest": pile.newest,
        }
        for pile in piles.largest_first()
    ]


def _listed(scope: Scope, family: TopicFamily, chosen: Filter) -> tuple[Held, Piles]:
    where = held(scope.cluster, family, scope.layouts)
    piles = Piles()
    for dead in search(scope.cluster, where, chosen):
        piles.add(dead)
    return where, piles


def _row(pile: Pile) -> Sequence[object]:
    return pile.task_type, pile.error_type, pile.count, moment(pile.first), moment(pile.last), pile.newest


def _as_json(where: Held, piles: Piles) -> dict[str, Any]:
    return {
        "group": where.family.group,
        "topic": where.family.topic,
        "dead_letter_topic": where.topic,
        "count": piles.count,
        "redriven": where.redriven,
        "piles": piles_as_json(piles),
    }
