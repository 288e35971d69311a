"""Reads a range of a topic from outside any group, and stops at its end."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from stillframe.consumer.errors import BrokerUnreachable
from stillframe.consumer.intake.receive import as_record
from stillframe.consumer.operate.cluster import quiet
from stillframe.consumer.operate.errors import CommandError
from stillframe.producer.settings import ConnectionSettings, build
from stillframe.schemas import Record

BATCH: Final = 500
#: Seconds that a batch may take to fill.
TURN: Final = 0.1
#: Seconds without a record or an end after which the broker counts as gone.
PATIENCE: Final = 15.0


@dataclass(frozen=True, slots=True)
class Range:
    """The offsets of a partition from ``start`` to before ``end``."""

    topic: str
    partition: int
    start: int
    end: int

    def beginning_at(self, offset: int) -> Range:
        """Without what lies below an offset."""
        return replace(self, start=max(self.start, offset))


#: A record, and when it was written, in epoch milliseconds.
Written = tuple[Record, int]


def scan(
    settings: ConnectionSettings, ranges: Sequence[Range], *, limits: Mapping[str, object] = MappingProxyType({})
) -> Generator[Written]:
    """The records of some ranges, each partition in its order. Nothing is committed.

    Args:
        limits: librdkafka's properties in the place of the settings'.

    Raises:
        BrokerUnreachable: nothing came for ``PATIENCE`` seconds.
        CommandError: the broker refuses to let a partition be read.
    """
    open_ranges = {(each.topic, each.partition): each for each in ranges if each.start < each.end}
    if not open_ranges:
        return
    consumer = build(Consumer, quiet(settings) | outsider_properties() | dict(limits))
    try:
        consumer.assign([TopicPartition(r.topic, r.partition, r.start) for r in open_ranges.values()])
        yield from _read(consumer, open_ranges, settings.bootstrap_servers)
    finally:
        consumer.close()


def _read(consumer: Consumer, open_ranges: dict[tuple[str, int], Range], servers: str) -> Iterator[Written]:
    deadline = time.monotonic() + PATIENCE
    while open_ranges:
        messages = consumer.consume(BATCH, TURN)
        if not messages and time.monotonic() >= deadline:
            raise BrokerUnreachable(f"{servers} sent nothing for {PATIENCE:g} s while reading {_named(open_ranges)}")
        for message in messages:
            if (written := _within(message, open_ranges)) is not None:
                yield written
        if messages:  # only now: what is done with them, as at a rate, may take longer than that
            deadline = time.monotonic() + PATIENCE


def _within(message: Message, open_ranges: dict[tuple[str, int], Range]) -> Written | None:
    """The message, unless it lies beyond its range; closes the range at its end.

    The end may hold no record of its own (transaction markers, compaction): the end of the partition
    closes the range as well.
    """
    place = (message.topic() or "", message.partition() or 0)
    error = message.error()
    if error is not None and error.code() != KafkaError._PARTITION_EOF:
        raise CommandError(f"{place[0]}[{place[1]}] cannot be read: {error.str()}")
    if place not in open_ranges:
        return None
    end = open_ranges[place].end
    offset = end if error is not None else (message.offset() or 0)
    if offset + 1 >= end:
        del open_ranges[place]
    return (as_record(message), message.timestamp()[1]) if offset < end else None


def _named(open_ranges: dict[tuple[str, int], Range]) -> str:
    return ", ".join(f"{topic}[{partition}]" for topic, partition in open_ranges)


def outsider_properties() -> dict[str, object]:
    """What makes a consumer one that only looks."""
    return {
        # Never joined, never committed to: librdkafka wants a name all the same.
        "group.id": "stillframe-operate",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        # What retention takes during the scan is passed over.
        "auto.offset.reset": "earliest",
        # An operator sees what is there; waiting for a stranger's open transaction would look like an outage.
        "isolation.level": "read_uncommitted",
    }
