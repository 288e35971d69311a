"""Redrive: what is meant, what has to be read for it, in which batches, and what a run remembers."""

from dataclasses import replace
from typing import cast

import pytest

from stillframe.consumer.operate import redrive
from stillframe.consumer.operate.choice import Choice
from stillframe.consumer.operate.cluster import Cluster
from stillframe.consumer.operate.dead_letters import DeadLetter, Position, parse_name
from stillframe.consumer.operate.errors import CommandError
from stillframe.consumer.operate.gone import Gone, Kind
from stillframe.consumer.operate.held import Held, held
from stillframe.consumer.operate.lag import PartitionLag
from stillframe.consumer.operate.pace import Pace
from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.operate.redrive import Hurry, Order, Redrive, batches
from stillframe.consumer.operate.scan import Range
from stillframe.consumer.operate.source import Source
from stillframe.consumer.operate.stop import Stop
from stillframe.consumer.operate.targets import Aim
from stillframe.consumer.progress.runs import Runs
from stillframe.schemas import Record
from stillframe.schemas.topics import TopicFamily
from tests.dead_letters import dead_letter, task_id
from tests.operate_world import World, install

FAMILY = TopicFamily("emails", "mailer")
SOURCE = Source.of(FAMILY)
DLQ, TIER = FAMILY.dead_letter_topic, "emails.mailer.retry.1m"
HELD = Held(
    SOURCE,
    {0: PartitionLag(0, 10, 50, Progress(30, ((35, 40),))), 1: PartitionLag(1, start=0, end=5)},
    {0: Gone(Runs([(0, 30), (35, 39)]), Runs([(39, 40)]))},
)
ID = parse_name("0198c1f0-0000-7000-8000-000000000001")


def test_a_run_begins_at_the_first_that_still_waits() -> None:
    """What lies below is not read again."""
    assert HELD.ranges() == [Range(DLQ, 0, 30, 50), Range(DLQ, 1, 0, 5)]
    assert (HELD.count(Kind.REDRIVEN), HELD.count(Kind.PURGED)) == (20 + 4, 1)


def test_an_id_is_looked_for_everywhere() -> None:
    """A named task may be sent back again, however far earlier runs came."""
    assert HELD.ranges([ID, Position(0, 12)]) == [Range(DLQ, 0, 10, 50), Range(DLQ, 1, 0, 5)]


def test_positions_are_read_directly() -> None:
    """One range a partition, from the first to the last that is asked for; what is not there is not read."""
    names = [Position(0, 40), Position(0, 12), Position(1, 4), Position(1, 5), Position(0, 9), Position(2, 0)]
    assert HELD.ranges(names) == [Range(DLQ, 0, 12, 41), Range(DLQ, 1, 4, 5)]


@pytest.mark.parametrize(("offset", "waits", "named"), [(29, False, True), (30, True, True), (39, False, False)])
def test_what_was_sent_back_is_meant_only_by_name(offset: int, waits: bool, named: bool) -> None:
    """A run over all or by a filter leaves it out; whoever names it wants it again. What was purged is gone."""
    dead = DeadLetter.read(Record(DLQ, None, None, (), 0, offset), 0)
    assert HELD.is_meant(dead, Choice()) is waits
    assert HELD.is_meant(dead, Choice(names=[Position(0, offset)])) is named
    assert not HELD.is_meant(dead, Choice(types=["another"]))


def letters(*sizes: int) -> list[DeadLetter]:
    record = Record(DLQ, None, b"", (), 0, 0)
    return [DeadLetter.read(replace(record, value=b"x" * size, offset=n), 0) for n, size in enumerate(sizes)]


def test_batches_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In records and in bytes: a million dead letters, or a few of a megabyte, need little memory."""
    monkeypatch.setattr(redrive, "BATCH_BYTES", 100)
    cut = [[len(dead.record.value or b"") for dead in batch] for batch in batches(letters(1, 1, 1, 1, 99, 500, 7), 3)]
    assert cut == [[1, 1, 1], [1, 99], [500], [7]]
    assert list(batches([], 3)) == []


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(FAMILY)
    install(made, monkeypatch)
    monkeypatch.setattr(redrive, "BATCH_RECORDS", 10)
    return made


def run(world: World, chosen: Choice = Choice(), stop: Stop | None = None) -> Redrive:  # noqa: B008
    cluster = cast("Cluster", world)
    order = Order(held(cluster, SOURCE, world.topics()), chosen, Aim(SOURCE))
    made = Redrive(cluster, order, world.topics(), Hurry(Pace(None), stop or Stop()))
    made.run()
    return made


def test_a_run_that_is_interrupted_twice_sends_each_once(world: World) -> None:
    """Ctrl-C ends a run between two records, and a refusal after some; what was sent before is remembered."""
    sent = [dead_letter(FAMILY, n % 2, n) for n in range(100)]
    world.write(*sent)
    stop = Stop()
    world.on_write = lambda: setattr(stop, "wanted", len(world.read(TIER)) >= 33)
    with pytest.raises(CommandError, match="stopped after 33 were redriven, as you wished"):
        run(world, stop=stop)
    world.refusal, world.refused_after = "no room", 20
    with pytest.raises(CommandError, match="stopped after 20 were redriven: .*no room"):
        run(world)
    world.refusal = None
    assert run(world).count == 100 - 33 - 20
    assert sorted(map(task_id, world.read(TIER))) == sorted(map(task_id, sent))
    assert run(world).count == 0


def test_a_filter_remembers_what_it_sent_and_no_more(world: World) -> None:
    """However it alternates with what was not meant: a thousand runs of one are a thousand marks."""
    world.write(*(dead_letter(FAMILY, 0, n, error_type="AB"[n % 2]) for n in range(2_000)))
    assert run(world, Choice(errors=["A"])).count == 1_000
    after = held(cast("Cluster", world), SOURCE, world.topics())
    assert after.count(Kind.REDRIVEN) == 1_000
    again = run(world)
    assert (again.count, {share.error_type for share in again.tally.shares}) == (1_000, {"B"})


def test_a_partition_goes_back_in_the_order_of_its_origin(world: World) -> None:
    """Whatever the order in which they died."""
    world.write(*(dead_letter(FAMILY, 1, origin) for origin in (9, 2, 7)))
    run(world)
    origins = [record.header("stillframe-origin-offset") for record in world.read(TIER)]
    assert origins == [b"2", b"7", b"9"]
