"""The index beside a dead-letter topic: which of its records no longer wait. See :mod:`.gone`."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Final
from uuid import uuid4

from stillframe.consumer.operate.audit import warn_unchecked
from stillframe.consumer.operate.cluster import FORBIDDEN, TIMEOUT, TURN, Cluster, Layout, Refused, places
from stillframe.consumer.operate.courier import Courier, Parcel
from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.operate.gone import HALF_FULL, Gone, IndexKey, Kind, encode, join
from stillframe.consumer.operate.scan import Range, scan
from stillframe.consumer.operate.source import Source
from stillframe.consumer.operate.topic_rules import CLEANUP, IN_SYNC, Create
from stillframe.consumer.progress.completion_map import Run
from stillframe.consumer.progress.runs import Runs
from stillframe.schemas import Record

#: Segments are closed early, since only closed ones are compacted.
SETTINGS: Final = {CLEANUP: "compact", "segment.ms": "3600000"}


def read_index(cluster: Cluster, source: Source, layouts: Mapping[str, Layout]) -> dict[int, Gone]:
    """What no longer waits, by partition of the dead-letter topic; nothing if there is no index yet.

    Raises:
        BrokerUnreachable, CommandError: see :class:`Cluster` and :func:`scan`.
    """
    where = places(source.index, layouts)
    starts, ends = cluster.starts(where), cluster.ends(where)
    wanted = [Range(*place, starts[place], ends[place]) for place in where]
    records: dict[IndexKey, bytes] = {}
    with closing(scan(cluster.settings, wanted)) as written:
        for record, _ in written:
            if (key := IndexKey.read(record.key)) is not None:
                records[key] = record.value or b""
    return join(records, cluster.topic_id(source.topic)) if records else {}


class Marks:
    """What one run of a command brings to its end, written to the index as it goes on.

    It has a record of its own for each partition; only where a record has become large does another follow.

    Raises:
        Refused: the index does not exist and may not be created. Nothing was done yet.
    """

    def __init__(
        self, cluster: Cluster, source: Source, layouts: Mapping[str, Layout], kind: Kind, courier: Courier
    ) -> None:
        self._topic = source.index
        self._topic_id = cluster.topic_id(source.topic)
        self._kind = kind
        self._courier = courier
        self._run: defaultdict[int, str] = defaultdict(lambda: uuid4().hex)
        self._marked: defaultdict[int, Runs] = defaultdict(Runs)
        if source.index not in layouts:
            _create(cluster, source, layouts)

    def add(self, marks: Mapping[int, Iterable[Run]]) -> None:
        """Mark some offsets of some partitions, at most a batch's, and write down all that the record of each holds.

        Raises:
            CommandError: they were not written.
        """
        sent = self._courier.send([self._parcel(partition, runs) for partition, runs in marks.items()])
        if sent.error is not None:
            lost = ", ".join(str(each) for each in sorted(marks.keys() - set(sent.acknowledged)))
            error = CommandError(f"{self._topic} could not be written: {sent.error}")
            raise hinted(error, f"the last batch does not count for partition {lost}: run the command again")

    def _parcel(self, partition: int, runs: Iterable[Run]) -> Parcel:
        marked = self._marked[partition]
        for start, end in runs:
            marked.add(start, end)
        key = IndexKey(self._topic_id, partition, self._kind, self._run[partition])
        value = encode(marked)
        if len(value) >= HALF_FULL:
            del self._run[partition], self._marked[partition]
        return Parcel(partition, Record(self._topic, key.encoded, value))


def single(offsets: Iterable[int]) -> Iterable[Run]:
    """Each offset as a run of its own."""
    return ((offset, offset + 1) for offset in offsets)


def _create(cluster: Cluster, source: Source, layouts: Mapping[str, Layout]) -> None:
    if cluster.is_embedded():
        cluster.touch(source.index)
    else:
        wanted = SETTINGS | _in_sync(cluster, source.topic)
        try:
            cluster.create(source.index, Create(1, layouts[source.topic].replicas, wanted))
        except Refused as error:
            settings = ", ".join(f"{name}={value}" for name, value in wanted.items())
            refused = Refused(f"{source.index}, which remembers what is done, cannot be created: {error}", error.code)
            raise hinted(refused, f"have it created, with one partition, {settings}; nothing was done yet") from None
    # Brokers learn of it a moment later, and what was already sent back must not fail to be remembered.
    deadline = time.monotonic() + TIMEOUT
    while source.index not in cluster.topics() and time.monotonic() < deadline:
        time.sleep(TURN)


def _in_sync(cluster: Cluster, topic: str) -> dict[str, str]:
    """What is remembered has to be as safe as what it is about: as many replicas in sync, as in all of the family."""
    try:
        return {IN_SYNC: cluster.settings_of([topic])[topic][IN_SYNC]}
    except Refused as error:
        if error.code not in FORBIDDEN:
            raise
        warn_unchecked(f"the index gets the broker's default of {IN_SYNC}: no DescribeConfigs on {topic}")
        return {}
