"""``stillframe dlq purge``."""

from __future__ import annotations

from collections.abc import Sequence

from stillframe.consumer.operate.choice import Choice
from stillframe.consumer.operate.cli.choosing import Chosen, Missing
from stillframe.consumer.operate.cli.dlq_list import piles_as_json, print_piles
from stillframe.consumer.operate.cli.grouped import grouped
from stillframe.consumer.operate.cli.options import AsJson, DeadWhere, Group, Yes
from stillframe.consumer.operate.cli.output import print_json, progress
from stillframe.consumer.operate.cli.scope import DeadScope, find_dead, require_one_topic
from stillframe.consumer.operate.held import Held, search
from stillframe.consumer.operate.piles import Piles
from stillframe.consumer.operate.purge import Purge


@grouped
def purge(*, group: Group, chosen: Chosen, where: DeadWhere, yes: Yes = False, as_json: AsJson = False) -> None:
    """Give dead letters up for good: no command knows them any more, and nothing brings them back.

    Their bytes leave the log as soon as nothing before them waits any more, at the latest with the topic's
    retention.
    """
    wanted = chosen.choice()
    scope = find_dead([group], where)
    require_one_topic(scope, wanted.names)
    held = scope.held()
    piles = _piles(scope, held, wanted)
    runs = _run(scope, held, wanted) if yes else []
    if as_json:
        _print_json(piles, runs, dry_run=not yes)
    else:
        _print(piles, runs, dry_run=not yes)


def _piles(scope: DeadScope, where: Sequence[Held], chosen: Choice) -> Piles:
    """What would go; every dead letter that was named must be there."""
    piles, missing = Piles(), Missing(chosen)
    for each in where:
        for dead in search(scope.cluster, each, chosen):
            piles.add(dead)
            missing.found(dead)
    missing.require_none(scope)
    return piles


def _run(scope: DeadScope, where: Sequence[Held], chosen: Choice) -> list[Purge]:
    with progress("purged") as bar:
        task = bar.add_task("", total=None)
        runs = [
            Purge(scope.cluster, each, scope.layouts, chosen, lambda count: bar.advance(task, count))
            for each in where
        ]
        bar.update(task, total=sum(wanted.end - wanted.start for run in runs for wanted in run.ranges))
        for run in runs:
            run.run()
        return runs


def _print(piles: Piles, runs: Sequence[Purge], *, dry_run: bool) -> None:
    if dry_run:
        if piles.count:
            print_piles(piles)
        print(f"dry run: {piles.count:,} dead letters would be purged, for good; --yes purges them")
        return
    count, deleted = sum(run.count for run in runs), sum(run.deleted for run in runs)
    print(f"purged {count:,}; {deleted:,} records were deleted from the log")
    if deleted < count:
        print("the rest of their bytes stays in the log, unseen, until what waits before it has gone, or retention")
    for kept in sorted({run.kept for run in runs if run.kept}):
        print(f"the log was left as it is: {kept}")


def _print_json(piles: Piles, runs: Sequence[Purge], *, dry_run: bool) -> None:
    print_json(
        {
            "dry_run": dry_run,
            "count": piles.count,
            "purged": sum(run.count for run in runs),
            "deleted": sum(run.deleted for run in runs),
            "kept": next((run.kept for run in runs if run.kept), None),
            "piles": piles_as_json(piles),
        }
    )
