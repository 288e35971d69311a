"""``stillframe dlq list``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stillframe.consumer.operate.choice import Choice
from stillframe.consumer.operate.cli.choosing import Filters
from stillframe.consumer.operate.cli.grouped import grouped
from stillframe.consumer.operate.cli.options import AsJson, DeadWhere, Groups
from stillframe.consumer.operate.cli.output import print_json, print_table
from stillframe.consumer.operate.cli.scope import DeadScope, find_dead
from stillframe.consumer.operate.gone import Kind
from stillframe.consumer.operate.held import Held, search
from stillframe.consumer.operate.piles import Piles
from stillframe.consumer.operate.quantities import SECOND_MS, duration, moment
from stillframe.consumer.operate.timeline import sparkline

COLUMNS = ("task type", "error", "count#", "first", "last", "over time", "newest")


@grouped
def list_piles(*, group: Groups, filters: Filters, where: DeadWhere, as_json: AsJson = False) -> None:
    """List dead letters by task type and error; those that were sent back or purged are left out."""
    chosen = filters.choice()
    scope = find_dead(group, where)
    listed = [(held, _piles(scope, held, chosen)) for held in scope.held()]
    if as_json:
        print_json({"dead_letter_topics": [_as_json(*each) for each in listed]})
        return
    for held, piles in listed:
        if piles.count:
            print_piles(piles)
        print(_summary(held, piles))


def print_piles(piles: Piles) -> None:
    """The table of piles."""
    print_table(COLUMNS, _rows(piles))


def piles_as_json(piles: Piles) -> list[dict[str, Any]]:
    """The same for programs."""
    axis = piles.axis
    return [
        {
            "task_type": pile.task_type,
            "error_type": pile.error_type,
            "count": pile.count,
            "first": moment(pile.first),
            "last": moment(pile.last),
            "newest": pile.newest,
            "timeline": pile.timeline.over(axis),
        }
        for pile in piles.largest_first()
    ]


def _piles(scope: DeadScope, where: Held, chosen: Choice) -> Piles:
    piles = Piles()
    for dead in search(scope.cluster, where, chosen):
        piles.add(dead)
    return piles


def _rows(piles: Piles) -> Iterator[tuple[object, ...]]:
    axis = piles.axis
    for pile in piles.largest_first():
        bars = sparkline(pile.timeline.over(axis))
        yield pile.task_type, pile.error_type, pile.count, moment(pile.first), moment(pile.last), bars, pile.newest


def _summary(where: Held, piles: Piles) -> str:
    parts = [f"{where.topic}: {piles.count:,} dead letters"]
    if piles.count:
        parts.append(f"each bar is {duration(piles.axis.step)}, from {moment(piles.axis.start)}")
    if redriven := where.count(Kind.REDRIVEN):
        parts.append(f"{redriven:,} more were sent back")
    if purged := where.count(Kind.PURGED):
        parts.append(f"{purged:,} purged")
    return "; ".join(parts)


def _as_json(where: Held, piles: Piles) -> dict[str, Any]:
    family, axis = where.source.family, piles.axis
    return {
        "group": where.source.group,
        "topic": family and family.topic,
        "dead_letter_topic": where.topic,
        "count": piles.count,
        "redriven": where.count(Kind.REDRIVEN),
        "purged": where.count(Kind.PURGED),
        "timeline": {"start": moment(axis.start), "step_seconds": axis.step // SECOND_MS, "steps": axis.bars},
        "piles": piles_as_json(piles),
    }
