"""``stillframe dlq redrive``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer

from stillframe.consumer.operate.choice import Choice
from stillframe.consumer.operate.cli.choosing import Chosen, Missing
from stillframe.consumer.operate.cli.grouped import grouped
from stillframe.consumer.operate.cli.options import AsJson, DeadWhere, Group, Yes
from stillframe.consumer.operate.cli.output import progress
from stillframe.consumer.operate.cli.scope import DeadScope, find_dead, require_one_topic
from stillframe.consumer.operate.cli.sending import report, warn_of
from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.operate.held import require
from stillframe.consumer.operate.pace import Pace
from stillframe.consumer.operate.readers import other_readers, require_reader
from stillframe.consumer.operate.redrive import Hurry, Order, Redrive, outlook
from stillframe.consumer.operate.stop import Stop
from stillframe.consumer.operate.tally import Tally
from stillframe.consumer.operate.targets import Aim

To = Annotated[
    str | None,
    typer.Option("--to", metavar="TOPIC", help="Send to this topic, for everybody who reads it, after asking."),
]
Rate = Annotated[
    float | None, typer.Option("--rate", min=0.01, max=1e9, metavar="N", help="At most so many a second.")
]
Force = Annotated[bool, typer.Option("--force", help="Also those that were sent back three times before.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How dead letters are to go."""

    to: To = None
    rate: Rate = None
    force: Force = False
    yes: Yes = False


@grouped
def redrive(*, group: Group, chosen: Chosen, sending: Sending, where: DeadWhere, as_json: AsJson = False) -> None:
    """Send dead letters back to work: due at once, attempts counted from 1, to their own group only.

    They go to the shortest retry topic, ordered by origin, and stay in the dead-letter topic. Delivery
    is at least once. What was sent back is remembered: later runs leave it out, and one that was
    interrupted goes on from there. A dead letter that is named is sent again. More than one needs --yes.
    """
    wanted = chosen.choice()
    scope = find_dead([group], where)
    require_one_topic(scope, wanted.names)
    orders = [Order(held, wanted, Aim(held.source, sending.to, force=sending.force)) for held in scope.held()]
    _require_targets(scope, orders, sending.to)
    seen = _outlook(scope, orders, wanted) if _must_look(orders, wanted, sending) else None
    readers = _readers(scope, orders, seen)
    if seen is None or sending.yes or _may_run(seen, readers):
        _send(scope, orders, sending.rate, partial(report, readers=readers, as_json=as_json))
    else:
        report(seen, 0, dry_run=True, readers=readers, as_json=as_json)


def _must_look(orders: Sequence[Order], wanted: Choice, sending: Sending) -> bool:
    """Whether all are read once before any is sent: to show them, to miss a named one, or to learn where they go."""
    return not sending.yes or bool(wanted.names) or all(order.aim.to is None for order in orders)


def _require_targets(scope: DeadScope, orders: Sequence[Order], to: str | None) -> None:
    """Raise CommandError if a topic that is sent to is none to send to."""
    if to is not None and to not in scope.layouts:
        raise hinted(CommandError(f"topic {to!r} does not exist"), "correct --to")
    for order in orders:
        source, target = order.where.source, order.aim.to
        if target in {source.topic, source.index}:
            raise hinted(CommandError(f"{target} is where they lie, and nobody works on them"), "correct --to")
        if to is None and target is not None and source.family is not None:
            require(target, scope.layouts)
            require_reader(scope.cluster, source.family, target)


def _outlook(scope: DeadScope, orders: Sequence[Order], chosen: Choice) -> list[Tally]:
    """What would go; every dead letter that was named must be there."""
    missing = Missing(chosen)
    tallies = [outlook(scope.cluster, order, scope.layouts, missing.found) for order in orders]
    missing.require_none(scope)
    return tallies


def _readers(scope: DeadScope, orders: Sequence[Order], seen: Sequence[Tally] | None) -> list[str]:
    """Who else reads where they go; a retry topic is its group's alone."""
    source = orders[0].where.source
    own = {topic for order in orders if (family := order.where.source.family) for topic in family.retry_topics}
    topics = {order.aim.to for order in orders if order.aim.to is not None}
    topics |= {topic for tally in seen or () for topic in tally.topics}
    if topics <= own:
        return []
    return other_readers(scope.cluster, topics - own, source.group, scope.layouts)


def _may_run(seen: Sequence[Tally], readers: Sequence[str]) -> bool:
    """A single one goes at once, unless others read it too: then only if the operator says so."""
    if sum(tally.count for tally in seen) > 1:
        return False
    if not readers:
        return True
    warn_of(readers)
    return sys.stdin.isatty() and typer.confirm("Send it all the same?", err=True)


def _send(scope: DeadScope, orders: Sequence[Order], rate: float | None, tell: Callable[..., None]) -> None:
    """Send what is chosen, and tell what became of it."""
    runs = _run(scope, orders, rate)
    tallies, redriven = [each.tally for each in runs], sum(each.count for each in runs)
    tell(tallies, redriven, dry_run=False)
    if not redriven and any(tally.held_back for tally in tallies):
        raise CommandError("nothing was sent back: all that were chosen are held back")


def _run(scope: DeadScope, orders: Sequence[Order], rate: float | None) -> list[Redrive]:
    with Stop() as stop, progress("redriven") as bar:
        task = bar.add_task("", total=None)
        hurry = Hurry(Pace(rate), stop)
        runs = [
            Redrive(scope.cluster, order, scope.layouts, hurry, lambda count: bar.advance(task, count))
            for order in orders
        ]
        bar.update(task, total=sum(each.end - each.start for run in runs for each in run.ranges))
        for run in runs:
            run.run()
        return runs
