"""Asks why partitions do not move: the broker about each of them, and workers about theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

from pydantic import TypeAdapter, ValidationError

from stillframe.consumer.errors import BrokerUnreachable
from stillframe.consumer.explain.facts import WorkerFacts
from stillframe.consumer.operate.cluster import Cluster, Group, Layout, Place
from stillframe.consumer.operate.dead_letters import DeadLetter
from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.operate.lag import PartitionLag, Role, TopicLag, family_lag, read_offsets
from stillframe.consumer.operate.scan import Range, scan
from stillframe.consumer.operate.standing import Frontier, Standing
from stillframe.schemas import Record
from stillframe.schemas.topics import TopicFamily

#: Seconds for a worker's answer, which comes from memory.
TIMEOUT: Final = 5.0
#: No worker says more than this of itself.
MOST_BYTES: Final = 16 * 2**20

FACTS: Final = TypeAdapter(WorkerFacts)


def standings(cluster: Cluster, family: TopicFamily, layouts: Mapping[str, Layout]) -> tuple[Group, list[Standing]]:
    """Where each partition of a family's task and retry topics stands, and the group. Reads one record of each.

    Raises:
        BrokerUnreachable, CommandError: see :class:`Cluster` and :func:`scan`.
    """
    group = cluster.group(family.group)
    measured = family_lag(family, read_offsets(cluster, family, layouts))
    topics = [topic for topic in measured.topics if topic.role is not Role.DEAD_LETTERS]
    frontiers = _frontiers(cluster, topics)
    return group, [_standing(topic, each, group, frontiers) for topic in topics for each in topic.partitions]


def ask_worker(url: str) -> WorkerFacts:
    """What a worker says of itself, at its health port.

    Raises:
        CommandError: nothing answers there, or no worker does.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        error = CommandError(f"{url!r} is no address of a worker")
        raise hinted(error, "give the address of its health port, such as http://10.0.0.7:9464")
    try:
        with urlopen(f"{parts.scheme}://{parts.netloc}/explain", timeout=TIMEOUT) as answer:  # noqa: S310 - http only
            return FACTS.validate_json(answer.read(MOST_BYTES))
    except HTTPError as error:
        error.close()
        raise _no_worker(url, f"it answers with {error.code}") from None
    except (HTTPException, OSError) as error:  # also what answers, but does not speak HTTP
        raise _no_worker(url, str(getattr(error, "reason", error))) from None
    except ValidationError:
        raise _no_worker(url, "its answer is not that of a worker of this version") from None


def _no_worker(url: str, why: str) -> CommandError:
    error = CommandError(f"no worker tells anything at {url}: {why}")
    return hinted(error, "its address is in the log line `health_served`; its port is STILLFRAME_HEALTH_PORT")


def _standing(topic: TopicLag, each: PartitionLag, group: Group, frontiers: Mapping[Place, Frontier]) -> Standing:
    place = topic.topic, each.partition
    return Standing(topic.topic, topic.role, each, group.owners.get(place), frontiers.get(place))


def _frontiers(cluster: Cluster, topics: Sequence[TopicLag]) -> dict[Place, Frontier]:
    wanted = [
        Range(topic.topic, each.partition, each.position, each.position + 1)
        for topic in topics
        for each in topic.partitions
        if each.lag
    ]
    try:
        return _read(cluster, wanted)
    except (BrokerUnreachable, CommandError):
        # One that cannot be read, perhaps what everybody is asking about, must not hide the others.
        found: dict[Place, Frontier] = {}
        for each in wanted:
            with suppress(BrokerUnreachable, CommandError):
                found |= _read(cluster, [each])
        return found


def _read(cluster: Cluster, wanted: Sequence[Range]) -> dict[Place, Frontier]:
    with closing(scan(cluster.settings, wanted)) as written:
        return {(record.topic, record.partition): _frontier(record, at) for record, at in written}


def _frontier(record: Record, at: int) -> Frontier:
    letter = DeadLetter.read(record, at)  # which reads the headers of any record
    return Frontier(
        record.offset, letter.task_type, letter.task_id, letter.state.attempt, letter.state.not_before, at
    )
