"""Kafka as an operator's commands see it: topics, settings and offsets, each question with a bound.

Nothing here joins a group or moves a worker's offsets.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported, but not for type checkers
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    OffsetSpec,
)
from confluent_kafka.cimpl import NewPartitions, NewTopic

from stillframe.consumer.errors import BrokerUnreachable
from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.operate.topic_rules import Create
from stillframe.consumer.settings import REFUSED, WorkerSettings
from stillframe.producer.settings import ConnectionSettings, build

R = TypeVar("R")

#: Seconds between two looks for an answer that wakes nobody.
TURN: Final = 0.1
#: Seconds for one question; a broker that is up answers in milliseconds.
TIMEOUT: Final = 5.0
#: Of these librdkafka cannot tell whether anybody heard the question.
NO_ANSWER: Final = frozenset({
    KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE,
    KafkaError._SSL, KafkaError._AUTHENTICATION, KafkaError._WAIT_COORD, KafkaError.REQUEST_TIMED_OUT,
})  # fmt: skip
FORBIDDEN: Final = frozenset({KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED})

#: How librdkafka names its embedded clusters (rdkafka_mock.c).
EMBEDDED_ID: Final = "mockCluster"

EARLIEST: Final[OffsetSpec] = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
LATEST: Final[OffsetSpec] = OffsetSpec.latest()  # type: ignore[no-untyped-call]

#: Topic and partition.
Place = tuple[str, int]


class Refused(CommandError):
    """The broker answered, and said no.

    Attributes:
        code: Kafka's error code.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Layout:
    """A topic's partitions, and the replicas of the one that has the fewest."""

    partitions: int
    replicas: int


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group as its coordinator sees it.

    Attributes:
        state: Kafka's name for it, such as ``STABLE``, ``EMPTY`` or ``PREPARING_REBALANCING``.
        owners: of each partition that has one, the member, as ``client id on host``.
    """

    state: str
    members: int
    owners: Mapping[Place, str]


class Cluster:
    """One connection to Kafka for the length of a command.

    Every method raises :class:`BrokerUnreachable` if nothing answers within ``TIMEOUT``, and
    :class:`Refused` if the broker says no.

    Raises:
        SettingsError: a librdkafka property is refused, by us or by librdkafka.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self.settings = settings
        self._trouble: str | None = None
        self._admin = build(AdminClient, quiet(settings) | {"error_cb": self._note_trouble})

    def topics(self) -> dict[str, Layout]:
        """Every topic that may be seen. Asking for all creates none, whatever the broker's settings."""
        topics = self._metadata().topics
        return {
            name: Layout(len(topic.partitions), min(len(p.replicas) for p in topic.partitions.values()))
            for name, topic in topics.items()
            if topic.error is None and topic.partitions
        }

    def is_embedded(self) -> bool:
        """Whether this is librdkafka's own broker, which has no controller and so no administration."""
        return str(self._metadata().cluster_id).startswith(EMBEDDED_ID)

    def settings_of(self, topics: Iterable[str]) -> dict[str, dict[str, str]]:
        """The effective configuration of each topic."""
        resources = [ConfigResource(ConfigResource.Type.TOPIC, topic) for topic in topics]
        answers = self._admin.describe_configs(resources, request_timeout=TIMEOUT) if resources else {}
        return {
            resource.name: {name: entry.value for name, entry in self._answer(future).items()}
            for resource, future in answers.items()
        }

    def create(self, topic: str, wanted: Create) -> None:
        """Create a topic; one that somebody else has created meanwhile is as good."""
        new = NewTopic(topic, wanted.partitions, wanted.replication, config=dict(wanted.settings))
        futures = self._admin.create_topics([new], operation_timeout=TIMEOUT, request_timeout=2 * TIMEOUT)
        try:
            self._answer(futures[topic])
        except Refused as error:
            if error.code != KafkaError.TOPIC_ALREADY_EXISTS:
                raise

    def touch(self, topic: str) -> None:
        """Ask the embedded broker about a topic, which creates it there."""
        self._ask(lambda: self._admin.list_topics(topic, timeout=TIMEOUT))

    def grow(self, topic: str, partitions: int) -> None:
        """Add partitions, up to this number."""
        futures = self._admin.create_partitions([NewPartitions(topic, partitions)], request_timeout=TIMEOUT)
        self._answer(futures[topic])

    def set(self, topic: str, setting: str, value: str) -> None:
        """Change one setting of a topic and leave the others alone."""
        entry = ConfigEntry(setting, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
        for future in self._admin.incremental_alter_configs([resource], request_timeout=TIMEOUT).values():
            self._answer(future)

    def topic_id(self, topic: str) -> str:
        """Another one after the topic was deleted and made anew.

        The embedded broker does not tell; there no topic is deleted but with the broker.
        """
        if self.is_embedded():
            return EMBEDDED_ID
        (future,) = self._admin.describe_topics(TopicCollection([topic]), request_timeout=TIMEOUT).values()
        return str(self._answer(future).topic_id)

    def delete_below(self, offsets: Mapping[Place, int]) -> None:
        """Let each partition's log begin at an offset: what lies below is deleted for everybody."""
        below = [TopicPartition(*place, offset) for place, offset in offsets.items()]
        for future in (self._admin.delete_records(below, request_timeout=TIMEOUT) if below else {}).values():
            self._answer(future)

    def starts(self, places: Collection[Place]) -> dict[Place, int]:
        """The first offset that each partition still has."""
        return self._offsets(places, EARLIEST)

    def ends(self, places: Collection[Place]) -> dict[Place, int]:
        """The offset that the next record of each partition will have."""
        return self._offsets(places, LATEST)

    def offsets_at(self, places: Collection[Place], moment: int) -> dict[Place, int]:
        """The first offset of each partition that was written at a moment or later; the end if none was.

        What lies below was written before. What lies above need not have been written after: clocks differ.
        The embedded broker finds nothing by its time: there it is the log's beginning.
        """
        if self.is_embedded():
            return self.starts(places)
        found = self._offsets(places, OffsetSpec.for_timestamp(moment))
        nothing = [place for place, offset in found.items() if offset < 0]
        return found | (self.ends(nothing) if nothing else {})

    def committed(self, group: str, places: Collection[Place]) -> dict[Place, int]:
        """The offsets that a group has committed; places without a commit are left out."""
        return {place: progress.offset for place, progress in self.progress(group, places).items()}

    def progress(self, group: str, places: Collection[Place]) -> dict[Place, Progress]:
        """How far a group has come; places without a commit are left out.

        Asked by a consumer that joins nothing. The admin client's own question ends the process where the
        coordinator has just moved: a null pointer on NOT_COORDINATOR, librdkafka's issue 5040.
        """
        if not places:
            return {}
        outsider = build(Consumer, quiet(self.settings) | {"group.id": group, "error_cb": self._note_trouble})
        try:
            question = [TopicPartition(*place) for place in places]
            answers = self._ask(lambda: outsider.committed(question, timeout=TIMEOUT))
        finally:
            outsider.close()
        return {
            (each.topic, each.partition): Progress.read(each.offset, each.metadata)
            for each in answers
            if each.offset >= 0
        }

    def groups(self) -> list[str]:
        """Every consumer group that may be seen."""
        found = self._answer(self._admin.list_consumer_groups(request_timeout=TIMEOUT))
        return [each.group_id for each in found.valid]

    def group(self, name: str) -> Group:
        """Its state, and who owns what. A group that never was is empty."""
        (future,) = self._admin.describe_consumer_groups([name], request_timeout=TIMEOUT).values()
        try:
            described = self._answer(future)
        except Refused as error:
            if error.code == KafkaError.GROUP_ID_NOT_FOUND:
                return Group("EMPTY", 0, {})
            raise
        owners = {
            (each.topic, each.partition): f"{member.client_id} on {member.host.removeprefix('/')}"
            for member in described.members
            for each in member.assignment.topic_partitions
        }
        return Group(described.state.name, len(described.members), owners)

    def commit(self, group: str, place: Place, progress: Progress) -> None:
        """Commit for a group that has no members: with one, Kafka refuses it.

        By a consumer that joins nothing (see :meth:`progress`); in the background, for a commit that is waited
        for would wait without a bound.
        """
        answers: list[KafkaError | None] = []

        def answered(error: KafkaError | None, positions: list[TopicPartition]) -> None:
            answers.append(error or next((each.error for each in positions if each.error is not None), None))

        own = {"group.id": group, "enable.auto.commit": False, "on_commit": answered}
        outsider = build(Consumer, quiet(self.settings) | own | {"error_cb": self._note_trouble})
        try:
            self._ask(lambda: _commit(outsider, TopicPartition(*place, progress.offset, progress.metadata), answers))
        finally:
            outsider.close()

    def _metadata(self) -> Any:
        return self._ask(lambda: self._admin.list_topics(timeout=TIMEOUT))

    def _offsets(self, places: Collection[Place], spec: OffsetSpec) -> dict[Place, int]:
        questions = {TopicPartition(*place): spec for place in places}
        answers = self._admin.list_offsets(questions, request_timeout=TIMEOUT) if questions else {}
        return {(each.topic, each.partition): self._answer(future).offset for each, future in answers.items()}

    def _answer(self, future: Future[Any]) -> Any:
        return self._ask(lambda: future.result(3 * TIMEOUT))

    def _ask(self, question: Callable[[], R]) -> R:
        try:
            return question()
        except KafkaException as error:
            raise self._explained(error.args[0]) from None
        except TimeoutError:
            raise self._unreachable("no answer") from None

    def _explained(self, error: KafkaError) -> BrokerUnreachable | Refused:
        if error.code() in NO_ANSWER:
            self._admin.poll(0)  # lets librdkafka say what the trouble was
            return self._unreachable(error.str())
        refused = Refused(f"{self.settings.bootstrap_servers}: the broker refuses: {error.str()}", error.code())
        if error.code() in FORBIDDEN:
            return hinted(refused, "grant this principal the access that docs/cli.md lists for the command")
        return hinted(refused, "the reason is the broker's own: its log may say more")

    def _unreachable(self, reason: str) -> BrokerUnreachable:
        servers, why = self.settings.bootstrap_servers, self._trouble or reason
        error = BrokerUnreachable(f"no Kafka broker answers at {servers} (waited {TIMEOUT:g} s): {why}")
        return hinted(
            error,
            "set STILLFRAME_BOOTSTRAP_SERVERS to the address of one that runs; "
            "`stillframe broker` starts one to try out",
        )

    def _note_trouble(self, error: KafkaError) -> None:
        # "all brokers are down" says less than the reason that came before it
        if error.code() != KafkaError._ALL_BROKERS_DOWN:
            self._trouble = error.str()


def _commit(outsider: Consumer, position: TopicPartition, answers: list[KafkaError | None]) -> None:
    outsider.commit(offsets=[position], asynchronous=True)
    deadline = time.monotonic() + 2 * TIMEOUT
    while not answers and (left := deadline - time.monotonic()) > 0:
        outsider.poll(min(left, TURN))  # an answer alone does not end the call
    error = answers[0] if answers else KafkaError(KafkaError._TIMED_OUT)
    if error is not None:
        raise KafkaException(error)


def places(topic: str, layouts: Mapping[str, Layout]) -> list[Place]:
    """The partitions of a topic; none if it does not exist."""
    return [(topic, partition) for partition in range(layouts[topic].partitions)] if topic in layouts else []


def quiet(settings: ConnectionSettings) -> dict[str, Any]:
    """librdkafka's properties for a command's client: it tells its trouble in our error, not in its log."""
    passed = settings.librdkafka({}, refused=REFUSED)
    return {"client.id": "stillframe-operate", "log_level": 0, **passed}
