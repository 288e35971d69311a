"""``stillframe dlq redrive``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from stillframe.consumer.operate.cli.dlq_list import piles_as_json, print_piles
from stillframe.consumer.operate.cli.options import AsJson, Errors, Group, Named, Servers, Topics, Types
from stillframe.consumer.operate.cli.output import console, print_json
from stillframe.consumer.operate.cli.scope import Scope, find, no_such_dead_letters, require_one_topic
from stillframe.consumer.operate.dead_letters import parse_name
from stillframe.consumer.operate.held import Held, held, search
from stillframe.consumer.operate.piles import Filter, Piles
from stillframe.consumer.operate.redrive import Redrive

All = Annotated[bool, typer.Option("--all", help="Every one that was not sent back before.")]
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
    is at least once. What was sent back is remembered for 7 days: later runs leave it out, and one
    that was interrupted goes on from there. A dead letter that is named is sent again.
    """
    chosen = _chosen(which, task_type, error, everything=everything)
    scope = find([group], topic, bootstrap_servers)
    require_one_topic(scope, chosen.names)
    where = [held(scope.cluster, family, scope.layouts) for family in scope.families]
    piles = _piles(scope, where, chosen)
    dry_run = piles.count > 1 and not yes
    redriven = 0 if dry_run else _run(scope, where, chosen, piles.count)
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


def _piles(scope: Scope, where: Sequence[Held], chosen: Filter) -> Piles:
    """What would go; every dead letter that was named must be there."""
    piles = Piles()
    missing = set(chosen.names)
    for each in where:
        for dead in search(scope.cluster, each, chosen):
            piles.add(dead)
            missing -= set(dead.names)
    if missing:
        raise no_such_dead_letters(scope, missing)
    return piles


def _run(scope: Scope, where: Sequence[Held], chosen: Filter, total: int) -> int:
    columns = (TextColumn("redriven"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    terminal = console(stderr=True)
    with Progress(*columns, console=terminal, disable=not terminal.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=total)
        runs = [Redrive(scope.cluster, each, scope.layouts, chosen, lambda: bar.advance(task)) for each in where]
        return sum(run.run() for run in runs)


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
