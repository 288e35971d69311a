"""``stillframe dlq list``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stillframe.consumer.operate.cli.options import AsJson, Errors, Groups, Servers, Topics, Types
from stillframe.consumer.operate.cli.output import print_json, print_table
from stillframe.consumer.operate.cli.scope import Scope, find
from stillframe.consumer.operate.held import dead_letters, held, ranges
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
    """List dead letters by task type and error, those left out that `redrive --all` has sent back."""
    scope = find(group, topic, bootstrap_servers)
    chosen = Filter(types=task_type or (), errors=error or ())
    listed = [_listed(scope, family, chosen) for family in scope.families]
    if as_json:
        print_json({"dead_letter_topics": [_as_json(*each) for each in listed]})
        return
    for family, piles, redriven in listed:
        if piles.count:
            print_piles(piles)
        behind = f"; {redriven:,} older ones were redriven" if redriven else ""
        print(f"{family.dead_letter_topic}: {piles.count:,} dead letters{behind}")


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


def _listed(scope: Scope, family: TopicFamily, chosen: Filter) -> tuple[TopicFamily, Piles, int]:
    partitions = held(scope.cluster, family, scope.layouts)
    piles = Piles()
    for dead in filter(chosen.matches, dead_letters(scope.cluster, ranges(family, partitions))):
        piles.add(dead)
    return family, piles, sum(each.position - each.start for each in partitions)


def _row(pile: Pile) -> Sequence[object]:
    return pile.task_type, pile.error_type, pile.count, moment(pile.first), moment(pile.last), pile.newest


def _as_json(family: TopicFamily, piles: Piles, redriven: int) -> dict[str, Any]:
    return {
        "group": family.group,
        "topic": family.topic,
        "dead_letter_topic": family.dead_letter_topic,
        "count": piles.count,
        "redriven": redriven,
        "piles": piles_as_json(piles),
    }
