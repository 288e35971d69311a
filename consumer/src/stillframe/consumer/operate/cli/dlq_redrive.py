"""``stillframe dlq redrive``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from stillframe.consumer.operate.cli.dlq_list import piles_as_json, print_piles
from stillframe.consumer.operate.cli.options import AsJson, Errors, Group, Named, Servers, Topics, Types
from stillframe.consumer.operate.cli.output import console, print_json
from stillframe.consumer.operate.cli.scope import Scope, find, no_such_dead_letters, require_one_topic
from stillframe.consumer.operate.dead_letters import parse_name
from stillframe.consumer.operate.held import dead_letters, held, ranges
from stillframe.consumer.operate.piles import Filter, Piles
from stillframe.consumer.operate.redrive import Redrive
from stillframe.consumer.operate.scan import Range
from stillframe.schemas.topics import TopicFamily

All = Annotated[bool, typer.Option("--all", help="Every one that no earlier --all has sent back.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without, more than one is only shown.")]


def redrive(
    *,
    group: Group,
    which: Named = None,
    topic: Topics = None,
    task_type: Types = None,
    error: Errors = None,
    everything: All = False,
    yes: Yes = False,
    bootstrap_servers: Servers = None,
    as_json: AsJson = False,
) -> None:
    """Send dead letters back to work: due at once, attempts counted from 1, to their own group only.

    They go to the shortest retry topic, ordered by origin, and stay in the dead-letter topic. Delivery
    is at least once. A run with --all remembers how far it came (for 7 days) and goes on from there;
    a run over a selection remembers nothing and repeats it.
    """
    chosen = _chosen(which, task_type, error, everything=everything)
    scope = find([group], topic, bootstrap_servers)
    require_one_topic(scope, chosen.names)
    wanted = {f: ranges(f, held(scope.cluster, f, scope.layouts), chosen.names) for f in scope.families}
    piles = _piles(scope, wanted, chosen)
    dry_run = piles.count > 1 and not yes
    redriven = 0 if dry_run else _run(scope, wanted, chosen, piles.count)
    _report(scope, piles, redriven, dry_run=dry_run, as_json=as_json)


def _chosen(
    which: Sequence[str] | None,
    types: Sequence[str] | None,
    errors: Sequence[str] | None,
    *,
    everything: bool,
) -> Filter:
    chosen = Filter([parse_name(each) for each in which or ()], types or (), errors or ())
    if everything is not chosen.is_everything:
        raise typer.BadParameter("name what to redrive: ids or positions, --type, --error; or --all alone")
    return chosen


def _piles(scope: Scope, wanted: Mapping[TopicFamily, Sequence[Range]], chosen: Filter) -> Piles:
    """What would go; every dead letter that was named must be there."""
    piles = Piles()
    missing = set(chosen.names)
    for dead in filter(
        chosen.matches, dead_letters(scope.cluster, [each for where in wanted.values() for each in where])
    ):
        piles.add(dead)
        missing -= set(dead.names)
    if missing:
        raise no_such_dead_letters(scope, missing)
    return piles


def _run(scope: Scope, wanted: Mapping[TopicFamily, Sequence[Range]], chosen: Filter, total: int) -> int:
    redriven = 0
    columns = (TextColumn("redriven"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    terminal = console(stderr=True)
    with Progress(*columns, console=terminal, disable=not terminal.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=total)
        for family, where in wanted.items():
            run = Redrive(scope.cluster, family, scope.layouts, chosen, lambda n: bar.advance(task, n))
            redriven += run.run(where)
    return redriven


def _report(scope: Scope, piles: Piles, redriven: int, *, dry_run: bool, as_json: bool) -> None:
    targets = [family.retry_topic(family.tiers[0]) for family in scope.families]
    if as_json:
        counts = {"dry_run": dry_run, "count": piles.count, "redriven": redriven}
        print_json({**counts, "to": targets, "piles": piles_as_json(piles)})
    elif dry_run:
        print_piles(piles)
        print(f"dry run: {piles.count:,} dead letters would go to {', '.join(targets)}; --yes sends them")
    else:
        print(f"sent back {redriven:,} to {', '.join(targets)}")
