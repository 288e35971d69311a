"""The arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

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
Named = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID|PARTITION:OFFSET]...", help="Task ids, or places in the dead-letter topic."),
]
