"""``stillframe dlq show``."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Annotated, Any

import orjson
import typer

from stillframe.consumer.operate.cli.options import AsJson, Group, Servers, Topics
from stillframe.consumer.operate.cli.output import print_fields, print_json
from stillframe.consumer.operate.cli.scope import Scope, find, no_such_dead_letters, require_one_topic
from stillframe.consumer.operate.dead_letters import DeadLetter, Name, parse_name
from stillframe.consumer.operate.held import held, search
from stillframe.consumer.operate.piles import Filter
from stillframe.consumer.operate.quantities import moment
from stillframe.schemas import DecodeError, decode
from stillframe.schemas.topics import TopicFamily

Which = Annotated[
    str, typer.Argument(metavar="ID|PARTITION:OFFSET", help="A task id, or a place in the dead-letter topic.")
]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show key, value and header values too.")]


def show(
    *,
    which: Which,
    group: Group,
    topic: Topics = None,
    reveal: Reveal = False,
    bootstrap_servers: Servers = None,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter: what it was, why it died, and the command that sends it back.

    A task that died more than once is shown as often. Content is hidden without --reveal.
    """
    name = parse_name(which)
    scope = find([group], topic, bootstrap_servers)
    require_one_topic(scope, [name])
    shown = [described(family, dead, reveal=reveal) for family, dead in _found(scope, name)]
    if not shown:
        raise no_such_dead_letters(scope, [name])
    if as_json:
        print_json({"dead_letters": shown})
        return
    for each in shown:
        print_fields(_rows(each, reveal=reveal))


def described(family: TopicFamily, dead: DeadLetter, *, reveal: bool) -> dict[str, Any]:
    """Everything there is to say of a dead letter; content only if it is to be revealed."""
    record, state, origin = dead.record, dead.state, dead.state.origin
    return {
        "task_id": dead.task_id,
        "task_type": dead.task_type,
        "dead_letter_topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "died_at": moment(dead.died_at),
        "attempts": state.attempt,
        "first_failed_at": moment(state.first_failed_at),
        "error_type": state.error_type,
        "error_message": state.error_message,
        "origin": origin and f"{origin.topic}:{origin.partition}:{origin.offset}",
        "replayed": state.replayed,
        **_content(dead, reveal=reveal),
        "redrive": (f"stillframe dlq redrive {dead.position} --group {family.group} --topic {family.topic}"),
    }


def _found(scope: Scope, name: Name) -> Iterator[tuple[TopicFamily, DeadLetter]]:
    for family in scope.families:
        for dead in search(scope.cluster, held(scope.cluster, family, scope.layouts), Filter(names=[name])):
            yield family, dead


def _content(dead: DeadLetter, *, reveal: bool) -> dict[str, Any]:
    record = dead.record
    value = record.value or b""
    problem, snapshot = _decoded(dead)
    return {
        "problem": problem,
        "snapshot": snapshot,
        "key_bytes": None if record.key is None else len(record.key),
        "key": _text(record.key) if reveal else None,
        "value_bytes": len(value),
        "value": _json(value) if reveal else None,
        "value_base64": base64.b64encode(value).decode() if reveal and problem else None,
        "headers": [
            {"name": name, "bytes": len(content or b""), "value": _text(content) if reveal else None}
            for name, content in record.headers
        ],
    }


def _decoded(dead: DeadLetter) -> tuple[str | None, str | None]:
    """Why the value is no task, if it is none, and its snapshot as far as it may be shown."""
    try:
        task = decode(dead.record, max_bytes=max(1, len(dead.record.value or b"")))
    except DecodeError as error:
        return f"{type(error).__name__}: {error}", None
    return None, None if task.snapshot is None else repr(task.snapshot)


def _json(value: bytes) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode(errors="backslashreplace")


def _rows(each: dict[str, Any], *, reveal: bool) -> Iterator[tuple[str, object]]:
    content = {"key", "value", "value_base64", "headers", "redrive"}
    yield from ((name.replace("_", " "), value) for name, value in each.items() if name not in content)
    if reveal:
        yield "key", each["key"]
        yield "value", each["value_base64"] or orjson.dumps(each["value"]).decode()
        yield from ((f"header {header['name']}", header["value"]) for header in each["headers"])
    else:
        yield "headers", ", ".join(header["name"] for header in each["headers"])
        yield "content", "hidden; --reveal shows it"
    yield "send it back", each["redrive"]
