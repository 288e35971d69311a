"""``stillframe topics``: what the code wants of its topics, and making it so."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from stillframe.consumer.operate import topics as operate
from stillframe.consumer.operate.cli.options import AsJson, Target
from stillframe.consumer.operate.cli.output import print_json, print_table
from stillframe.consumer.operate.cli.scope import connect, worker_at
from stillframe.consumer.operate.quantities import SECOND_MS
from stillframe.consumer.operate.topic_plan import Change, Grow, Set, Shortfall
from stillframe.consumer.operate.topic_rules import BROKER_DEFAULT, Choices, Create
from stillframe.consumer.worker import Worker
from stillframe.schemas.topics import SECONDS, TIER_NAME

topics = typer.Typer(name="topics", help="Compare a worker's topics with its code, and create or repair them.")


def _duration(text: str) -> int:
    match = re.fullmatch(TIER_NAME, text)
    if match is None:
        raise typer.BadParameter("write a number and a unit: 12h, 7d")
    return int(match[1]) * SECONDS[match[2]] * SECOND_MS


Partitions = Annotated[int, typer.Option("--partitions", min=1, help="Of a task topic that is still to be created.")]
Replication = Annotated[
    int,
    typer.Option(
        "--replication-factor", min=-1, help="Of a task topic that is still to be created; -1: the broker's."
    ),
]
Retention = Annotated[
    int | None,
    typer.Option(
        "--task-retention",
        parser=_duration,
        metavar="DURATION",
        help="Keep tasks at least so long, such as 14d; the broker's default by default.",
    ),
]


@topics.command("plan")
def plan(
    *,
    target: Target,
    partitions: Partitions = 4,
    replication_factor: Replication = BROKER_DEFAULT,
    task_retention: Retention = None,
    as_json: AsJson = False,
) -> None:
    """Show what is missing or unsafe, and what `topics apply` would do. Changes nothing."""
    worker = worker_at(target)
    choices = _choices(worker, partitions, replication_factor, task_retention)
    planned = operate.plan(connect(worker.settings), worker.families(), choices)
    if as_json:
        print_json(_as_json(planned))
    else:
        _show(planned)


@topics.command("apply")
def apply(
    *,
    target: Target,
    partitions: Partitions = 4,
    replication_factor: Replication = BROKER_DEFAULT,
    task_retention: Retention = None,
    as_json: AsJson = False,
) -> None:
    """Create the missing topics and raise unsafe settings; nothing is lowered or deleted."""
    worker = worker_at(target)
    choices = _choices(worker, partitions, replication_factor, task_retention)
    made: list[Shortfall] = []

    def done(shortfall: Shortfall) -> None:
        made.append(shortfall)
        if not as_json:
            print(f"done: {shortfall.topic}: {_said(shortfall.change)}")

    remaining = operate.apply(connect(worker.settings), worker.families(), choices, done)
    if as_json:
        print_json({"made": [_change(each) for each in made], **_as_json(remaining)})
    else:
        _show(remaining)
    if remaining.unsafe:
        raise operate.unsafe_topics(remaining.unsafe)


def _choices(worker: Worker, partitions: int, replication: int, retention_ms: int | None) -> Choices:
    if replication == 0:
        raise typer.BadParameter("a topic has at least one replica", param_hint="--replication-factor")
    return Choices(partitions, replication, retention_ms, worker.settings.max_task_bytes)


def _show(planned: operate.Plan) -> None:
    if planned.shortfalls:
        rows = [
            (each.topic, each.what, each.unsafe, _said(each.change) if each.change else each.cure)
            for each in planned.shortfalls
        ]
        print_table(["topic", "shortfall", "unsafe", "to do"], rows)
    else:
        print("nothing to do: every topic is as the code wants it")
    for note in (*planned.bounds, planned.unchecked):
        if note:
            print(f"note: {note}")


def _said(change: Change | None) -> str:
    match change:
        case Create(partitions, replication):
            replicas = "as many replicas as the broker has by default"
            if replication != BROKER_DEFAULT:
                replicas = f"{replication} replica(s)"
            return f"create it: {partitions} partitions, {replicas}"
        case Grow(partitions):
            return f"add partitions up to {partitions}"
        case Set(setting, value):
            return f"set {setting}={value}"
        case None:
            return "nothing that can be done from here"


def _as_json(planned: operate.Plan) -> dict[str, Any]:
    return {
        "safe": not planned.unsafe,
        "unchecked": planned.unchecked,
        "retention": list(planned.bounds),
        "shortfalls": [
            {"what": each.what, "unsafe": each.unsafe, "cure": each.cure, **_change(each)}
            for each in planned.shortfalls
        ],
    }


def _change(shortfall: Shortfall) -> dict[str, Any]:
    change: dict[str, Any] | None
    match shortfall.change:
        case Create(partitions, replication, settings):
            made = {"partitions": partitions, "replication_factor": replication, "settings": dict(settings)}
            change = {"create": made}
        case Grow(partitions):
            change = {"partitions": partitions}
        case Set(setting, value):
            change = {"settings": {setting: value}}
        case None:
            change = None
    return {"topic": shortfall.topic, "change": change}
