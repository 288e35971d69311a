"""``stillframe skip``."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from stillframe.consumer.operate.cli.options import AsJson, Group, Servers
from stillframe.consumer.operate.cli.output import print_json
from stillframe.consumer.operate.cli.scope import find
from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.operate.families import family_of
from stillframe.consumer.operate.skip import Skip, look, parse_spot
from stillframe.consumer.operate.skip import skip as skip_record

Spot = Annotated[
    str, typer.Argument(metavar="TOPIC:PARTITION:OFFSET", help="In a task topic or a retry topic of the group.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


def skip(
    *,
    spot: Spot,
    group: Group,
    yes: Yes = False,
    bootstrap_servers: Servers = None,
    as_json: AsJson = False,
) -> None:
    """Get a group past a record that its workers cannot read: it goes to the dead letters, if it can be read at all.

    The whole batch goes that a worker's client cannot take. What the group has done above it stays done. Stop
    the group's workers first.
    """
    wanted = parse_spot(spot)
    scope = find([group], None, bootstrap_servers)
    found = look(scope.cluster, family_of(scope.families, wanted.topic), scope.layouts, wanted)
    print(_told(found), file=sys.stderr if as_json else sys.stdout)
    if not yes and not (sys.stdin.isatty() and typer.confirm("Skip it?", err=True)):
        raise hinted(CommandError("nothing was skipped"), "--yes skips it")
    skip_record(scope.cluster, found, scope.layouts)
    if as_json:
        print_json(_as_json(found))
    else:
        print(f"skipped; the group goes on from offset {found.after.offset}")


def _told(found: Skip) -> str:
    spot = found.spot
    lines = [f"{spot.topic}[{spot.partition}]: offsets {spot.offset} to {found.end - 1} are skipped"]
    if found.records:
        lines.append(f"  {len(found.records):,} without an outcome are copied to {found.family.dead_letter_topic}")
    if found.lost:
        lines.append(f"  {found.lost:,} without an outcome cannot be read any more: they are LOST")
    if found.left_before:
        lines.append(
            f"  {found.left_before:,} before them have no outcome either: the group's offset stays at "
            f"{found.after.offset}, and its client has to read what lies above"
        )
    return "\n".join(lines)


def _as_json(found: Skip) -> dict[str, Any]:
    return {
        "topic": found.spot.topic,
        "partition": found.spot.partition,
        "first": found.spot.offset,
        "last": found.end - 1,
        "copied": len(found.records),
        "lost": found.lost,
        "dead_letter_topic": found.family.dead_letter_topic,
        "committed_before": found.before.offset,
        "committed": found.after.offset,
    }
