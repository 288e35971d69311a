"""What a command is about: the connection, and the topics it was pointed at."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from stillframe.consumer.operate.cluster import Cluster, Layout
from stillframe.consumer.operate.dead_letters import Name, Position
from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.operate.families import find_families
from stillframe.consumer.operate.setting_names import check_setting_names
from stillframe.consumer.settings import WorkerSettings
from stillframe.consumer.target import load_worker
from stillframe.consumer.worker import Worker
from stillframe.producer.settings import check_transport
from stillframe.schemas.topics import TopicFamily


@dataclass(frozen=True, slots=True)
class Scope:
    """A connection, what exists there, and the families that are meant."""

    cluster: Cluster
    layouts: dict[str, Layout]
    families: list[TopicFamily]


def find(groups: Sequence[str], topics: Sequence[str] | None, servers: str | None) -> Scope:
    """Find the families of some groups on the broker that the settings name.

    Raises:
        SettingsError, BrokerUnreachable, CommandError: nothing was changed.
    """
    check_setting_names(os.environ)
    settings = WorkerSettings() if servers is None else WorkerSettings(bootstrap_servers=servers)
    cluster = connect(settings)
    layouts = cluster.topics()
    return Scope(cluster, layouts, find_families(layouts, groups, topics or ()))


def require_one_topic(scope: Scope, names: Collection[Name]) -> None:
    """A position belongs to one topic: more than one in scope makes it ambiguous.

    Raises:
        CommandError: it is.
    """
    positions = [str(name) for name in names if isinstance(name, Position)]
    if positions and len(scope.families) > 1:
        topics = ", ".join(family.topic for family in scope.families)
        error = CommandError(f"{', '.join(positions)} could be in the dead letters of {topics}")
        raise hinted(error, "say which with --topic")


def no_such_dead_letters(scope: Scope, names: Iterable[Name]) -> CommandError:
    """The error for names that nothing in the dead-letter topics goes by."""
    group = scope.families[0].group
    error = CommandError(f"no dead letter of group {group!r} is {', '.join(sorted(map(str, names)))}")
    return hinted(error, f"`stillframe dlq list --group {group}` shows what there is")


def worker_at(target: str) -> Worker:
    """Load a worker, once the names of all settings are known to be right.

    Raises:
        SettingsError, DefinitionError: nothing was started.
    """
    check_setting_names(os.environ)
    return load_worker(target)


def connect(settings: WorkerSettings) -> Cluster:
    """The broker of some settings; warns if it is reached in the clear.

    Raises:
        SettingsError: a property is refused, or TLS is required and missing.
    """
    if warning := check_transport(settings):
        print(f"warning: {warning}", file=sys.stderr)
    return Cluster(settings)
