"""Redrive: what is meant, what has to be read for it, and in which batches."""

from dataclasses import replace

import pytest

from stillframe.consumer.operate import redrive
from stillframe.consumer.operate.dead_letters import DeadLetter, Position, parse_name
from stillframe.consumer.operate.held import Held
from stillframe.consumer.operate.lag import PartitionLag
from stillframe.consumer.operate.piles import Filter
from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.operate.redrive import batches
from stillframe.consumer.operate.scan import Range
from stillframe.schemas import Record
from stillframe.schemas.topics import TopicFamily

FAMILY = TopicFamily("emails", "mailer")
DLQ = FAMILY.dead_letter_topic
HELD = Held(
    FAMILY,
    {0: PartitionLag(0, 10, 50, Progress(30, ((35, 40),))), 1: PartitionLag(1, start=0, end=5)},
)
ID = parse_name("0198c1f0-0000-7000-8000-000000000001")


def test_a_run_begins_at_the_first_that_was_not_sent_back() -> None:
    """What lies below is not read again."""
    assert HELD.ranges() == [Range(DLQ, 0, 30, 50), Range(DLQ, 1, 0, 5)]
    assert HELD.redriven == 20 + 5


def test_an_id_is_looked_for_everywhere() -> None:
    """A named task may be sent back again, however far earlier runs came."""
    assert HELD.ranges([ID, Position(0, 12)]) == [Range(DLQ, 0, 10, 50), Range(DLQ, 1, 0, 5)]


def test_positions_are_read_directly() -> None:
    """One range a partition, from the first to the last that is asked for; what is not there is not read."""
    names = [Position(0, 40), Position(0, 12), Position(1, 4), Position(1, 5), Position(0, 9), Position(2, 0)]
    assert HELD.ranges(names) == [Range(DLQ, 0, 12, 41), Range(DLQ, 1, 4, 5)]


@pytest.mark.parametrize(("offset", "waits"), [(29, False), (30, True), (36, False), (40, True)])
def test_what_was_sent_back_is_meant_only_by_name(offset: int, waits: bool) -> None:
    """A run over all or by a filter leaves it out; whoever names it wants it again."""
    dead = DeadLetter.read(Record(DLQ, None, None, (), 0, offset), 0)
    assert HELD.is_meant(dead, Filter()) is waits
    assert HELD.is_meant(dead, Filter(names=[Position(0, offset)]))
    assert not HELD.is_meant(dead, Filter(types=["another"]))


def letters(*sizes: int) -> list[DeadLetter]:
    record = Record(DLQ, None, b"", (), 0, 0)
    return [DeadLetter.read(replace(record, value=b"x" * size, offset=n), 0) for n, size in enumerate(sizes)]


def test_batches_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In records and in bytes: a million dead letters, or a few of a megabyte, need little memory."""
    monkeypatch.setattr(redrive, "BATCH_RECORDS", 3)
    monkeypatch.setattr(redrive, "BATCH_BYTES", 100)
    cut = [[len(dead.record.value or b"") for dead in batch] for batch in batches(letters(1, 1, 1, 1, 99, 500, 7))]
    assert cut == [[1, 1, 1], [1, 99], [500], [7]]
    assert list(batches([])) == []
