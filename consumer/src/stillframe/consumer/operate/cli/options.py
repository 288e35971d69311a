"""The arguments and options that several commands share."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated

import typer

from stillframe.consumer.operate.quantities import parse_moment


def moment_of(text: str) -> int:
    """The value of an option that is a time, in epoch milliseconds."""
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
ElsewhereDead = Annotated[
    str | None,
    typer.Option(
        "--dead-letter-topic",
        metavar="D",
        help="Look into this topic instead, which Spring Kafka, Kafka Connect or a share group fills.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without, it is only shown.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadWhere:
    """Which dead-letter topics a `dlq` command looks into, beside the group's name."""

    topic: Topics = None
    dead_letter_topic: ElsewhereDead = None
    bootstrap_servers: Servers = None
