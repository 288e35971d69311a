"""From the options of the `dlq` commands to the dead letters that are meant."""

from __future__ import annotations

import re
from collections.abc import Sequence

import typer

from stillframe.consumer.operate.choice import Choice
from stillframe.consumer.operate.cli.scope import DeadScope, no_such_dead_letters
from stillframe.consumer.operate.dead_letters import DeadLetter, parse_name

TRACE_ID = re.compile(r"[0-9a-f]{32}")


def choice(
    *,
    names: Sequence[str] | None = None,
    types: Sequence[str] | None,
    errors: Sequence[str] | None,
    keys: Sequence[str] | None,
    trace_ids: Sequence[str] | None,
    since: int | None,
    until: int | None,
) -> Choice:
    """What was asked for, checked."""
    return Choice(
        names=[parse_name(each) for each in names or ()],
        types=types or (),
        errors=errors or (),
        keys=[key.encode() for key in keys or ()],
        trace_ids=[_trace_id(each) for each in trace_ids or ()],
        since=since,
        until=until,
    )


def require_a_choice(chosen: Choice, *, everything: bool) -> None:
    """Nobody is to mean everything by having said nothing."""
    if everything is not chosen.is_everything:
        raise typer.BadParameter("name which: ids or positions, --type, --error and the like; or --all alone")


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
