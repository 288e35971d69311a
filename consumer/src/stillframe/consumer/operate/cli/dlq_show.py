"""``stillframe dlq show``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from stillframe.consumer.operate.choice import Choice
from stillframe.consumer.operate.cli.description import described
from stillframe.consumer.operate.cli.grouped import grouped
from stillframe.consumer.operate.cli.options import AsJson, DeadWhere, Group
from stillframe.consumer.operate.cli.output import print_fields, print_json
from stillframe.consumer.operate.cli.scope import DeadScope, find_dead, no_such_dead_letters, require_one_topic
from stillframe.consumer.operate.dead_letters import DeadLetter, Name, parse_name
from stillframe.consumer.operate.held import search
from stillframe.consumer.operate.lag import Role
from stillframe.consumer.operate.source import Source
from stillframe.consumer.operate.trail import Trail

Which = Annotated[
    str, typer.Argument(metavar="ID|PARTITION:OFFSET", help="A task id, or a place in the dead-letter topic.")
]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show key, value and header values too.")]


@grouped
def show(*, which: Which, group: Group, where: DeadWhere, reveal: Reveal = False, as_json: AsJson = False) -> None:
    """Show one dead letter: what it was, each attempt, why it died, and the command that sends it back.

    A task that died more than once is shown as often. Content is hidden without --reveal.
    """
    name = parse_name(which)
    scope = find_dead([group], where)
    require_one_topic(scope, [name])
    shown = [
        described(source, dead, _hops(scope, source, dead), reveal=reveal) for source, dead in _found(scope, name)
    ]
    if not shown:
        raise no_such_dead_letters(scope, [name])
    if as_json:
        print_json({"dead_letters": shown})
        return
    for each in shown:
        print_fields(_rows(each, reveal=reveal))


def _found(scope: DeadScope, name: Name) -> Iterator[tuple[Source, DeadLetter]]:
    for where in scope.held():
        for dead in search(scope.cluster, where, Choice(names=[name])):
            yield where.source, dead


def _hops(scope: DeadScope, source: Source, dead: DeadLetter) -> list[DeadLetter]:
    """What the retry topics still hold of it from before it died: their records tell of the attempts."""
    ids = [name for name in dead.names if isinstance(name, UUID)]
    if source.family is None or dead.state.attempt == 1 or not ids:
        return []
    retries = Trail(scope.cluster, [source.family], scope.layouts, {Role.RETRY}).follow(ids[0])
    return [seen.letter for seen in retries if seen.letter.died_at <= dead.died_at]


def _rows(each: dict[str, Any], *, reveal: bool) -> Iterator[tuple[str, object]]:
    apart = {"key", "value", "value_base64", "payload", "headers", "history", "redrive"}
    yield from ((name.replace("_", " "), value) for name, value in each.items() if name not in apart)
    if reveal:
        yield "key", each["key"]
        yield "value", each["value_base64"] or orjson.dumps(each["value"]).decode()
        yield from ((f"header {header['name']}", header["value"]) for header in each["headers"])
    else:
        yield "payload", orjson.dumps(each["payload"]).decode()
        yield "headers", ", ".join(header["name"] for header in each["headers"])
        yield "content", "hidden; --reveal shows it"
    for happened in each["history"]:
        yield happened["at"] or "-", happened["what"]
    yield "send it back", each["redrive"]
