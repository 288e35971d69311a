"""``stillframe explain``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from stillframe.consumer.explain.facts import WorkerFacts
from stillframe.consumer.explain.sentences import why as why_inside
from stillframe.consumer.operate.cli.options import AsJson, Groups, Servers, Topics
from stillframe.consumer.operate.cli.output import print_json, print_table
from stillframe.consumer.operate.cli.scope import Scope, find
from stillframe.consumer.operate.cluster import Group, Place
from stillframe.consumer.operate.explain import ask_worker, standings
from stillframe.consumer.operate.quantities import moment
from stillframe.consumer.operate.standing import Standing, why
from stillframe.schemas.topics import TopicFamily

COLUMNS = ("topic", "partition#", "lag#", "done#", "owner", "why")

Workers = Annotated[
    list[str] | None,
    typer.Option("--worker", "-w", metavar="URL", help="A worker's health port, to ask it too; may be repeated."),
]
All = Annotated[bool, typer.Option("--all", help="Also partitions in which everything is done.")]


def explain(
    *,
    group: Groups,
    topic: Topics = None,
    worker: Workers = None,
    show_all: All = False,
    bootstrap_servers: Servers = None,
    as_json: AsJson = False,
) -> None:
    """Say why partitions do not move: what the first task without an outcome waits for, and who owns it.

    The broker is asked, and so is each --worker, which knows what runs, for how long, and in which thread.
    """
    facts = [ask_worker(url) for url in worker or ()]
    scope = find(group, topic, bootstrap_servers)
    now = time.time_ns() // 1_000_000
    told = [_Told(scope, family, facts, now) for family in scope.families]
    if as_json:
        print_json({"at": moment(now), "families": [each.as_json() for each in told]})
        return
    for each in told:
        rows = list(each.rows(show_all=show_all))
        if rows:
            print_table(COLUMNS, rows)
        print(each.summary())


class _Told:
    """What there is to tell of a family."""

    def __init__(self, scope: Scope, family: TopicFamily, facts: list[WorkerFacts], now: int) -> None:
        self._family = family
        self._now = now
        self._group: Group
        self._standings: list[Standing]
        self._group, self._standings = standings(scope.cluster, family, scope.layouts)
        self._inside = _by_place(facts, family.group)

    def rows(self, *, show_all: bool) -> Iterator[tuple[object, ...]]:
        for each in self._standings:
            if show_all or each.lag.lag or each.lag.deleted:
                yield each.topic, each.lag.partition, each.lag.lag, each.lag.done, each.owner, self._why(each)

    def summary(self) -> str:
        behind = sum(1 for each in self._standings if each.lag.lag)
        members = f"{self._group.members} members" if self._group.members != 1 else "1 member"
        return (
            f"group {self._family.group}, topic {self._family.topic}: {self._group.state}, {members}, "
            f"{behind} of {len(self._standings)} partitions are behind"
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "group": self._family.group,
            "topic": self._family.topic,
            "state": self._group.state,
            "members": self._group.members,
            "partitions": [self._partition(each) for each in self._standings],
        }

    def _why(self, each: Standing) -> str:
        """The worker's own word, where it was asked: it knows what the broker cannot."""
        inside = self._inside.get((each.topic, each.lag.partition))
        return inside or why(each, self._group, self._now)

    def _partition(self, each: Standing) -> dict[str, Any]:
        return {
            "topic": each.topic,
            "role": each.role,
            "partition": each.lag.partition,
            "start": each.lag.start,
            "end": each.lag.end,
            "committed": each.lag.committed,
            "lag": each.lag.lag,
            "done": each.lag.done,
            "owner": each.owner,
            "frontier": None if each.frontier is None else asdict(each.frontier),
            "why": self._why(each),
        }


def _by_place(facts: list[WorkerFacts], group: str) -> Mapping[Place, str]:
    return {
        (each.topic, each.partition): why_inside(each, worker)
        for worker in facts
        if worker.group == group
        for each in worker.partitions
    }
