"""The arguments and options that several commands share."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from stillframe.consumer.operate.quantities import parse_moment


def _moment(text: str) -> int:
    try:
        return parse_moment(text, time.time_ns() // 1_000_000)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time: write 30m, 12h or 7d, or 2026-11-25T14:00:00Z") from None


Target = Annotated[str, typer.Argument(metavar="MODULE:ATTRIBUTE", help="The worker, such as app.worker:worker.")]
Groups = Annotated[list[str], typer.Option("--group", "-g", metavar="G", help="Consumer group; may be repeated.")]
Group = Annotated[str, typer.Option("--group", "-g", metavar="G", help="Consumer group.")]
Topics = Annotated[
    list[str] | None,
    typer.Option("--topic", "-t", metavar="T", help="Task topic; may be repeated. All of the group by default."),
]
Servers = Annotated[
    str | None,
    typer.Option(
        "--bootstrap-servers",
        metavar="HOST:PORT",
        help="Kafka's address; STILLFRAME_BOOTSTRAP_SERVERS by default.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Types = Annotated[
    list[str] | None, typer.Option("--type", metavar="TYPE", help="Only this task type; may be repeated.")
]
Errors = Annotated[
    list[str] | None,
    typer.Option("--error", metavar="ERROR", help="Only this error, with or without its module; may be repeated."),
]
Keys = Annotated[
    list[str] | None,
    typer.Option("--key", metavar="KEY", help="Only this key, which is compared and not shown; may be repeated."),
]
TraceIds = Annotated[
    list[str] | None,
    typer.Option("--trace-id", metavar="ID", help="Only this trace, in 32 hex digits; may be repeated."),
]
Since = Annotated[
    int | None,
    typer.Option("--since", parser=_moment, metavar="TIME", help="Died then or later: 2h, or 2026-11-25T14:00:00Z."),
]
Until = Annotated[
    int | None,
    typer.Option("--until", parser=_moment, metavar="TIME", help="Died before: 10m, or 2026-11-25T14:00:00Z."),
]
ElsewhereDead = Annotated[
    str | None,
    typer.Option(
        "--dead-letter-topic",
        metavar="D",
        help="Look into this topic instead, which Spring Kafka, Kafka Connect or a share group fills.",
    ),
]
Named = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID|PARTITION:OFFSET]...", help="Task ids, or places in the dead-letter topic."),
]
