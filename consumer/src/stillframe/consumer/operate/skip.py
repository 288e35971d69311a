"""Gets a group past a record that its workers cannot read, or are not to run: it goes to the dead letters.

What cannot be read ends with its batch, so what is skipped is everything from the given offset to where a
worker's client can read again. Each of these records is first copied to the dead-letter topic, if a client
with wider limits can read it. Then they count as done: in the completion map of the group's commit, beside
what that says already, and the offset itself moves up as far as everything below is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from stillframe.consumer.errors import BrokerUnreachable
from stillframe.consumer.operate.audit import audit, operator
from stillframe.consumer.operate.cluster import Cluster, Group, Layout, Place
from stillframe.consumer.operate.courier import Courier, Parcel
from stillframe.consumer.operate.dead_letters import SHOWN, is_number
from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.operate.lag import PartitionLag, Role, roles
from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.operate.readable import WIDE, Probe, first_readable
from stillframe.consumer.operate.scan import Range, scan
from stillframe.schemas import InvalidHeaders, Record
from stillframe.schemas.headers import DeliveryState, Origin, clip, read_delivery_state, with_delivery_state
from stillframe.schemas.topics import TopicFamily

SKIPPED: Final = "skipped"


class Spot(NamedTuple):
    """One offset of a partition."""

    topic: str
    partition: int
    offset: int

    @property
    def place(self) -> Place:
        return self.topic, self.partition

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


@dataclass(frozen=True, slots=True)
class Skip:
    """What is to be done.

    Attributes:
        end: the offset after the last that is skipped.
        records: those of them that can be read and have no outcome yet.
        lost: how many have no outcome and cannot be read.
        before, after: the group's progress.
    """

    family: TopicFamily
    spot: Spot
    end: int
    records: tuple[Record, ...]
    lost: int
    before: Progress
    after: Progress

    @property
    def left_before(self) -> int:
        """How many offsets below have no outcome: the group's offset stays at the first of them."""
        first, end = self.after.offset, self.spot.offset
        return max(0, end - first) - self.after.count(first, end)


def parse_spot(text: str) -> Spot:
    """Read ``topic:partition:offset``.

    Raises:
        CommandError: it is something else.
    """
    topic, _, rest = text.partition(":")
    partition, _, offset = rest.partition(":")
    if topic and is_number(partition) and is_number(offset):
        return Spot(topic, int(partition), int(offset))
    error = CommandError(f"{clip(text, SHOWN)!r} is no record: it is not topic:partition:offset")
    raise hinted(error, "the log line partition_stopped, /readyz and `stillframe explain` name all three")


def look(cluster: Cluster, family: TopicFamily, layouts: Mapping[str, Layout], spot: Spot) -> Skip:
    """Find out what to skip, and whether that is safe. Changes nothing.

    Raises:
        CommandError: it is not, or there is nothing to skip.
        BrokerUnreachable, Refused: see :class:`Cluster`.
    """
    _require_place(family, layouts, spot)
    require_nobody(cluster.group(family.group), family.group)
    lag = _lag(cluster, family.group, spot)
    require_open(lag, spot)
    end = _end(cluster, lag, spot)
    records = _read(cluster, Range(*spot.place, max(spot.offset, lag.start), end))
    return plan(family, spot, lag, end, records)


def plan(family: TopicFamily, spot: Spot, lag: PartitionLag, end: int, records: list[Record]) -> Skip:
    """What follows from what was found. Pure.

    Raises:
        CommandError: the commit has no room for it.
    """
    before = lag.progress or Progress(lag.start)
    after = before.plus([(spot.offset, end)])
    if not Progress.read(after.offset, after.metadata).includes(end - 1):
        raise CommandError("the commit's metadata has no room left to remember it: let what lies before it end first")
    still_open = [record for record in records if not before.includes(record.offset)]
    lost = end - spot.offset - before.count(spot.offset, end) - len(still_open)
    return Skip(family, spot, end, tuple(still_open), lost, before, after)


def skip(cluster: Cluster, wanted: Skip, layouts: Mapping[str, Layout]) -> None:
    """Do it: copies first, each acknowledged; then the commit, which Kafka refuses if the group has members.

    Raises:
        CommandError: a copy was not taken, or a worker has run or runs since; then the offset is where it was.
    """
    _require_unmoved(cluster, wanted)
    topic = wanted.family.dead_letter_topic
    partition = wanted.spot.partition if wanted.spot.partition < layouts[topic].partitions else -1
    with Courier(cluster.settings) as courier:
        sent = courier.send(Parcel(each.offset, dead_copy(each, wanted, partition)) for each in wanted.records)
    if sent.error is not None:
        error = CommandError(f"nothing is skipped: a copy was not taken: {sent.error}")
        raise hinted(error, "copies that were taken before lie in the dead-letter topic: run the command again")
    cluster.commit(wanted.family.group, wanted.spot.place, wanted.after)
    audit(
        "records_skipped",
        group=wanted.family.group,
        topic=wanted.spot.topic,
        partition=wanted.spot.partition,
        first=wanted.spot.offset,
        last=wanted.end - 1,
        copied=len(wanted.records),
        lost=wanted.lost,
        committed=wanted.after.offset,
    )


def dead_copy(record: Record, wanted: Skip, partition: int) -> Record:
    """The dead letter of a record that is skipped: byte for byte, with the attempt that it had come to."""
    here = Origin(record.topic, record.partition, record.offset)
    state = DeliveryState(origin=here)
    if record.topic != wanted.family.topic:  # on the task topic delivery headers are not believed
        try:
            state = read_delivery_state(record)
        except InvalidHeaders:
            state = DeliveryState(origin=here)
    state = replace(
        state, not_before=None, retry_tier=None, error_type=SKIPPED, error_message=f"skipped by {operator()}"
    )
    headers = with_delivery_state(record.headers, state)
    return replace(record, topic=wanted.family.dead_letter_topic, headers=headers, partition=partition, offset=-1)


def require_nobody(group: Group, name: str) -> None:
    """Raise CommandError while the group has members: they own the offset, and would run over ours."""
    if group.members:
        error = CommandError(f"group {name!r} has {group.members} member(s), which commit its offsets themselves")
        raise hinted(
            error, "stop every worker of the group, skip, start them: Kafka takes an offset from outside only then"
        )


def require_open(lag: PartitionLag, spot: Spot) -> None:
    """Raise CommandError unless the offset is one that the group still has to deal with."""
    if lag.is_done(spot.offset):
        raise CommandError(f"{spot} has an outcome: there is nothing to skip")
    first = lag.start if lag.committed is None else lag.committed
    if not first <= spot.offset < lag.end:
        held = f"offsets {lag.start} to {lag.end - 1}" if lag.start < lag.end else "nothing"
        raise CommandError(f"{spot} is not in the log, which holds {held}")


def _require_unmoved(cluster: Cluster, wanted: Skip) -> None:
    """Raise CommandError if the group has committed since it was looked at: a worker that has run while the
    operator was asked, and has stopped again, would have all it did undone."""
    now = _lag(cluster, wanted.family.group, wanted.spot).progress
    if now is not None and now != wanted.before:
        error = CommandError(
            f"group {wanted.family.group!r} has committed offset {now.offset} since it was looked at"
        )
        raise hinted(error, "nothing is skipped: look again with the same command")


def _require_place(family: TopicFamily, layouts: Mapping[str, Layout], spot: Spot) -> None:
    alive = [topic for topic, (role, _) in roles(family).items() if role is not Role.DEAD_LETTERS]
    if spot.topic not in alive:
        error = CommandError(f"group {family.group!r} reads no topic {spot.topic!r} of {family.topic!r}")
        raise hinted(error, f"it reads {', '.join(alive)}")
    for topic in (spot.topic, family.dead_letter_topic):
        if topic not in layouts:
            raise hinted(CommandError(f"topic {topic!r} does not exist"), "run `stillframe topics apply M:W`")
    if spot.partition >= layouts[spot.topic].partitions:
        raise CommandError(f"{spot.topic} has {layouts[spot.topic].partitions} partitions, from 0 on")


def _lag(cluster: Cluster, group: str, spot: Spot) -> PartitionLag:
    place = spot.place
    progress = cluster.progress(group, [place]).get(place)
    return PartitionLag.of(spot.partition, cluster.starts([place])[place], cluster.ends([place])[place], progress)


def _end(cluster: Cluster, lag: PartitionLag, spot: Spot) -> int:
    """Where a worker can read again; where the log begins, if retention has taken the offset."""
    if spot.offset < lag.start:
        return lag.start
    probe = Probe(cluster, spot.place)
    if probe.is_readable(spot.offset):
        return spot.offset + 1
    return first_readable(spot.offset + 1, lag.end, probe.is_readable)


def _read(cluster: Cluster, wanted: Range) -> list[Record]:
    """What of a range can be read at all."""
    records: list[Record] = []
    try:
        with closing(scan(cluster.settings, [wanted], limits=WIDE)) as written:
            records.extend(record for record, _ in written)
    except (BrokerUnreachable, CommandError):
        cluster.ends([(wanted.topic, wanted.partition)])  # raises if nobody answers: then nothing is known
    return records
