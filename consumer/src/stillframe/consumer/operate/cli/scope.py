"""What a command is about: the connection, and the topics it was pointed at."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import typer

from stillframe.consumer.operate.cli.options import DeadWhere
from stillframe.consumer.operate.cluster import Cluster, Layout
from stillframe.consumer.operate.dead_letters import Name, Position
from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.operate.families import find_families, known_groups
from stillframe.consumer.operate.held import Held, held
from stillframe.consumer.operate.setting_names import check_setting_names
from stillframe.consumer.operate.source import Source
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


@dataclass(frozen=True, slots=True)
class DeadScope:
    """A connection, what exists there, and the dead-letter topics that are meant."""

    cluster: Cluster
    layouts: dict[str, Layout]
    sources: list[Source]

    def held(self) -> list[Held]:
        """What each of them holds."""
        return [held(self.cluster, source, self.layouts) for source in self.sources]


def find_dead(groups: Sequence[str], where: DeadWhere) -> DeadScope:
    """Find the dead-letter topics of some groups, or take one that another system fills.

    Raises:
        SettingsError, BrokerUnreachable, CommandError: nothing was changed.
    """
    elsewhere = where.dead_letter_topic
    if elsewhere is None:
        scope = find(groups, where.topic, where.bootstrap_servers)
        return DeadScope(scope.cluster, scope.layouts, [Source.of(family) for family in scope.families])
    if where.topic:
        raise typer.BadParameter("give either --topic, a task topic of the group, or --dead-letter-topic")
    cluster = connect(settings_for(where.bootstrap_servers))
    layouts = cluster.topics()
    return DeadScope(cluster, layouts, [_source(layouts, group, elsewhere) for group in groups])


def _source(layouts: Collection[str], group: str, topic: str) -> Source:
    """The group's own dead-letter topic is what it is, also when it is named as if it were another system's."""
    task_topic = topic.removesuffix(f".{group}.dlq")
    if task_topic == topic or topic not in layouts:
        return Source(topic, group)
    return Source.of(find_families(layouts, [group], [task_topic])[0])


def settings_for(servers: str | None) -> WorkerSettings:
    """The settings for a command that needs no worker.

    Raises:
        SettingsError: one is unknown, refused or out of range.
    """
    check_setting_names(os.environ)
    return WorkerSettings() if servers is None else WorkerSettings(bootstrap_servers=servers)


def find(groups: Sequence[str] | None, topics: Sequence[str] | None, servers: str | None) -> Scope:
    """Find the families of some groups, or of all, on the broker that the settings name.

    Raises:
        SettingsError, BrokerUnreachable, CommandError: nothing was changed.
    """
    cluster = connect(settings_for(servers))
    layouts = cluster.topics()
    families = find_families(layouts, groups or known_groups(layouts), topics or ())
    if not families:
        error = CommandError("no group has a dead-letter topic here")
        raise hinted(error, "name one with --group, or correct the broker's address")
    return Scope(cluster, layouts, families)


def require_one_topic(scope: DeadScope, names: Collection[Name]) -> None:
    """A position belongs to one topic: more than one in scope makes it ambiguous.

    Raises:
        CommandError: it is.
    """
    positions = [str(name) for name in names if isinstance(name, Position)]
    if positions and len(scope.sources) > 1:
        topics = ", ".join(source.topic for source in scope.sources)
        error = CommandError(f"{', '.join(positions)} could be in {topics}")
        raise hinted(error, "say which with --topic")


def no_such_dead_letters(scope: DeadScope, names: Iterable[Name]) -> CommandError:
    """The error for names that nothing in the dead-letter topics goes by."""
    source = scope.sources[0]
    options = source.options if source.family is None else f"--group {source.group}"
    error = CommandError(f"no dead letter of group {source.group!r} is {', '.join(sorted(map(str, names)))}")
    return hinted(error, f"`stillframe dlq list {options}` shows what there is")


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
