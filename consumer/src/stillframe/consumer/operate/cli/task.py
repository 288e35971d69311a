"""``stillframe task``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import typer

from stillframe.consumer.operate.cli.options import AsJson, Servers, Topics
from stillframe.consumer.operate.cli.output import print_json, print_table, progress
from stillframe.consumer.operate.cli.scope import Scope, find
from stillframe.consumer.operate.dead_letters import SHOWN
from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.operate.lag import Role
from stillframe.consumer.operate.quantities import moment
from stillframe.consumer.operate.source import Source
from stillframe.consumer.operate.trail import Trail
from stillframe.consumer.operate.whereabouts import Sighting, Whereabouts, whereabouts
from stillframe.schemas import DefinitionError
from stillframe.schemas.headers import clip
from stillframe.schemas.identity import parse_task_id
from stillframe.schemas.topics import TopicFamily

COLUMNS = ("written", "record", "attempt#", "due", "error")

Id = Annotated[str, typer.Argument(metavar="ID", help="The task's id, as its receipt has it.")]
AnyGroups = Annotated[
    list[str] | None,
    typer.Option("--group", "-g", metavar="G", help="Consumer group; may be repeated. All of them by default."),
]


def task(
    *,
    task_id: Id,
    group: AnyGroups = None,
    topic: Topics = None,
    bootstrap_servers: Servers = None,
    as_json: AsJson = False,
) -> None:
    """Say where a task is: waiting, in a retry topic until when, dead of what, or done.

    Its records are looked for in the topics, from the time on that its id tells, or from up to an hour before if
    the clock that made the id was ahead. Whether it is done is read from what the group has committed.
    """
    wanted = _parse(task_id)
    scope = find(group, topic, bootstrap_servers)
    with progress("looked at") as bar:
        bars = bar.add_task("", total=0)
        trail = Trail(
            scope.cluster,
            scope.families,
            scope.layouts,
            expect=lambda more: bar.update(bars, total=(bar.tasks[0].total or 0) + more),
            looked_at=lambda count: bar.advance(bars, count),
        )
        seen = trail.follow(wanted)
    if not seen:
        error = CommandError(
            f"no record of task {wanted} is in {', '.join(sorted({f.topic for f in scope.families}))}"
        )
        clock = "or its id was made by a clock more than an hour ahead of those who write the records"
        raise hinted(error, f"it was never acknowledged there, retention has deleted it, {clock}")
    answers = list(_answers(scope, trail, seen))
    if as_json:
        print_json({"task_id": str(wanted), "groups": [_as_json(*each) for each in answers]})
        return
    for family, of_family, answer in answers:
        print_table(COLUMNS, map(_row, of_family))
        print(f"group {family.group}, topic {family.topic}: {answer.told}")


def _parse(text: str) -> UUID:
    try:
        return parse_task_id(text)
    except DefinitionError:
        wanted = "a UUID, as its receipt and the worker's log have it"
        raise typer.BadParameter(f"{clip(text, SHOWN)!r} is no task id: give {wanted}", param_hint="ID") from None


def _answers(
    scope: Scope, trail: Trail, seen: list[Sighting]
) -> Iterator[tuple[TopicFamily, list[Sighting], Whereabouts]]:
    """One for each family that has seen it."""
    now = time.time_ns() // 1_000_000
    for family in scope.families:
        of_family = [each for each in seen if each.place[0] in family.names]
        if of_family:
            of_family.sort(key=lambda each: each.letter.died_at)
            standings = trail.standings(family.group, of_family, Source.of(family))
            yield family, of_family, whereabouts(of_family, standings, now)


def _row(seen: Sighting) -> tuple[object, ...]:
    letter, state = seen.letter, seen.letter.state
    if seen.role is Role.TASKS:
        return moment(letter.died_at), seen.where, 1, None, None
    return moment(letter.died_at), seen.where, state.attempt, moment(state.not_before), state.error_type


def _as_json(family: TopicFamily, of_family: list[Sighting], answer: Whereabouts) -> dict[str, Any]:
    return {
        "group": family.group,
        "topic": family.topic,
        "state": answer.state,
        "told": answer.told,
        "records": [
            {
                "role": seen.role,
                "topic": seen.place[0],
                "partition": seen.place[1],
                "offset": seen.letter.record.offset,
                "written": moment(seen.letter.died_at),
                "attempt": seen.letter.state.attempt,
                "due": moment(seen.letter.state.not_before),
                "error_type": seen.letter.state.error_type,
                "error_message": seen.letter.error_message,
            }
            for seen in of_family
        ],
    }
