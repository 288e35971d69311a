"""A Kafka in memory for operators' commands: logs, commits and groups, without a broker, a thread or a clock."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, cast

import pytest
from confluent_kafka import KafkaError
from typer.testing import CliRunner

from stillframe.consumer.operate import courier, held, index, lag, originals, skip, trail
from stillframe.consumer.operate.cli import app, scope
from stillframe.consumer.operate.cluster import Cluster, Group, Layout, Place
from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.operate.scan import Range, Written
from stillframe.consumer.operate.topic_rules import Create
from stillframe.consumer.settings import WorkerSettings
from stillframe.schemas import Record
from stillframe.schemas.topics import TopicFamily
from tests.cli import Ran
from tests.dead_letters import NOON


class World:
    """Stands in for :class:`Cluster`, for the scan and for the producer's client.

    Attributes:
        logs: what each partition holds, from offset 0; what lies below `begins` is deleted.
        unreadable: records that no client can read.
        refusal: what the broker says to a record that is produced, once `refused_after` were taken.
        on_write: called after each record that is produced.
        in_sync: every topic's min.insync.replicas.
        created: what commands have created, and how.
        now: when the next record is written; each is a second after the one before.
    """

    def __init__(self, *families: TopicFamily, partitions: int = 2) -> None:
        self.settings = WorkerSettings()
        self.logs: dict[Place, list[Written]] = {}
        self.begins: dict[Place, int] = {}
        self.commits: dict[tuple[str, Place], Progress] = {}
        self.members: dict[str, Group] = {}
        self.unreadable: set[tuple[str, int, int]] = set()
        self.refusal: str | None = None
        self.refused_after = 0
        self.on_write: Callable[[], object] = lambda: None
        self.in_sync = "1"
        self.created: dict[str, Create] = {}
        self.now = NOON
        for family in families:
            for topic in family.names:
                self.add_topic(topic, partitions)

    def add_topic(self, topic: str, partitions: int = 1) -> None:
        self.logs |= {(topic, number): [] for number in range(partitions)}

    def write(self, *records: Record, at: int | None = None) -> None:
        for record in records:
            log = self.logs[record.topic, max(0, record.partition)]
            place = replace(record, partition=max(0, record.partition), offset=len(log))
            log.append((place, self.now if at is None else at))
            self.now += 1_000

    def read(self, topic: str) -> list[Record]:
        return [record for place, log in sorted(self.logs.items()) if place[0] == topic for record, _ in log]

    def ended(self, family: TopicFamily, topic: str, partition: int, *offsets: int) -> None:
        """The group has an outcome for these."""
        before = self.commits.get((family.group, (topic, partition)), Progress(0))
        self.commits[family.group, (topic, partition)] = before.plus(index.single(offsets))

    # What a Cluster has.

    def topics(self) -> dict[str, Layout]:
        names = {topic for topic, _ in self.logs}
        return {name: Layout(sum(topic == name for topic, _ in self.logs), 1) for name in names}

    def is_embedded(self) -> bool:
        return False

    def create(self, topic: str, wanted: Create) -> None:
        self.created[topic] = wanted
        self.add_topic(topic, wanted.partitions)

    def settings_of(self, topics: Iterable[str]) -> dict[str, dict[str, str]]:
        return {topic: {"min.insync.replicas": self.in_sync} for topic in topics}

    def topic_id(self, topic: str) -> str:
        return f"id-of-{topic}"

    def starts(self, places: Collection[Place]) -> dict[Place, int]:
        return {place: self.begins.get(place, 0) for place in places}

    def ends(self, places: Collection[Place]) -> dict[Place, int]:
        return {place: len(self.logs[place]) for place in places}

    def offsets_at(self, places: Collection[Place], moment: int) -> dict[Place, int]:
        return {
            place: next((n for n, (_, at) in enumerate(self.logs[place]) if at >= moment), len(self.logs[place]))
            for place in places
        }

    def progress(self, group: str, places: Collection[Place]) -> dict[Place, Progress]:
        return {place: self.commits[group, place] for place in places if (group, place) in self.commits}

    def commit(self, group: str, place: Place, progress: Progress) -> None:
        self.commits[group, place] = Progress.read(progress.offset, progress.metadata)

    def delete_below(self, offsets: Mapping[Place, int]) -> None:
        self.begins |= offsets

    def group(self, name: str) -> Group:
        return self.members.get(name, Group("EMPTY", 0, {}))

    def groups(self) -> list[str]:
        return sorted({*self.members, *(group for group, _ in self.commits)})

    # What reads and writes records.

    def scan(self, settings: object, ranges: Iterable[Range], *, limits: object = None) -> Iterator[Written]:
        for wanted in ranges:
            log = self.logs[wanted.topic, wanted.partition]
            for record, at in log[
                max(wanted.start, self.begins.get((wanted.topic, wanted.partition), 0)) : wanted.end
            ]:
                if (record.topic, record.partition, record.offset) not in self.unreadable:
                    yield record, at

    def producer(self, factory: object, config: Mapping[str, object]) -> Any:
        return _Producer(self)


class _Reported(NamedTuple):
    """What a message tells when it is reported."""

    at: tuple[int, int]

    def partition(self) -> int:
        return self.at[0]

    def offset(self) -> int:
        return self.at[1]


class _Producer:
    """Stands in for librdkafka's producer; reports at once."""

    def __init__(self, world: World) -> None:
        self._world = world

    def produce(
        self, topic: str, value: Any, key: Any, partition: int, on_delivery: Any, headers: list[tuple[str, Any]]
    ) -> None:
        world = self._world
        if world.refusal is not None and not topic.endswith(".index"):
            world.refused_after -= 1
            if world.refused_after < 0:
                on_delivery(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE, world.refusal), None)
                return
        world.write(Record(topic, key, value, tuple(headers), partition))
        on_delivery(None, _Reported((max(0, partition), 0)))
        world.on_write()

    def poll(self, timeout: float) -> int:
        return 0

    def flush(self, timeout: float) -> int:
        return 0


def install(world: World, patch: pytest.MonkeyPatch) -> Cluster:
    """Let every command use it."""
    for module in (held, index, lag, originals, skip, trail):
        patch.setattr(module, "scan", world.scan)
    patch.setattr(courier, "build", world.producer)
    patch.setattr(scope, "connect", lambda settings: world)
    return cast("Cluster", world)


def run(*arguments: str) -> Ran:
    """A command, in this process; what it fails with is raised."""
    result = CliRunner().invoke(app, arguments, catch_exceptions=False, standalone_mode=False)
    return Ran(result.exit_code, result.stdout, result.stderr)
