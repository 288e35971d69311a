"""Kafka as an operator's commands see it: topics, settings and offsets, each question with a bound.

Nothing here joins a group or moves a worker's offsets.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
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

    def starts(self, places: Collection[Place]) -> dict[Place, int]:
        """The first offset that each partition still has."""
        return self._offsets(places, EARLIEST)

    def ends(self, places: Collection[Place]) -> dict[Place, int]:
        """The offset that the next record of each partition will have."""
        return self._offsets(places, LATEST)

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
        """Commit for a group that has no members."""
        position = TopicPartition(*place, progress.offset, progress.metadata)
        question = ConsumerGroupTopicPartitions(group, [position])
        futures = self._admin.alter_consumer_group_offsets([question], request_timeout=TIMEOUT)
        for future in futures.values():
            for answer in self._answer(future).topic_partitions:
                if answer.error is not None:
                    raise self._explained(answer.error)

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


def quiet(settings: ConnectionSettings) -> dict[str, Any]:
    """librdkafka's properties for a command's client: it tells its trouble in our error, not in its log."""
    passed = settings.librdkafka({}, refused=REFUSED)
    return {"client.id": "stillframe-operate", "log_level": 0, **passed}
