"""From the options of the `dlq` commands to the dead letters that are meant."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from stillframe.consumer.operate.choice import Choice
from stillframe.consumer.operate.cli.options import moment_of
from stillframe.consumer.operate.cli.scope import DeadScope, no_such_dead_letters
from stillframe.consumer.operate.dead_letters import DeadLetter, parse_name

TRACE_ID = re.compile(r"[0-9a-f]{32}")

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
    typer.Option(
        "--since", parser=moment_of, metavar="TIME", help="Died then or later: 2h, or 2026-11-25T14:00:00Z."
    ),
]
Until = Annotated[
    int | None,
    typer.Option("--until", parser=moment_of, metavar="TIME", help="Died before: 10m, or 2026-11-25T14:00:00Z."),
]
Named = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID|PARTITION:OFFSET]...", help="Task ids, or places in the dead-letter topic."),
]
All = Annotated[bool, typer.Option("--all", help="Every one that was not sent back or purged before.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What `list`, `redrive` and `purge` are narrowed down by."""

    task_type: Types = None
    error: Errors = None
    key: Keys = None
    trace_id: TraceIds = None
    since: Since = None
    until: Until = None

    def choice(self) -> Choice:
        """What was asked for, checked."""
        return Choice(
            types=self.task_type or (),
            errors=self.error or (),
            keys=[key.encode() for key in self.key or ()],
            trace_ids=[_trace_id(each) for each in self.trace_id or ()],
            since=self.since,
            until=self.until,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen(Filters):
    """What `redrive` and `purge` are to do something with. Nobody is to mean everything by having said nothing."""

    which: Named = None
    everything: All = False

    def choice(self) -> Choice:
        """What was asked for, checked."""
        chosen = replace(Filters.choice(self), names=[parse_name(each) for each in self.which or ()])
        if self.everything is not chosen.is_everything:
            raise typer.BadParameter("name which: ids or positions, --type, --error and the like; or --all alone")
        return chosen


class Missing:
    """Which of the named dead letters are still to be found."""

    def __init__(self, chosen: Choice) -> None:
        self._names = set(chosen.names)

    def found(self, dead: DeadLetter) -> None:
        if self._names:
            self._names.difference_update(dead.names)

    def require_none(self, scope: DeadScope) -> None:
        """Raise CommandError if there is one."""
        if self._names:
            raise no_such_dead_letters(scope, self._names)


def _trace_id(text: str) -> str:
    found = text.lower()
    if TRACE_ID.fullmatch(found) is None:
        raise typer.BadParameter(f"{text!r} is no trace id: it has 32 hex digits", param_hint="--trace-id")
    return found
