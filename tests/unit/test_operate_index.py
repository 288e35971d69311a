"""Which dead letters no longer wait: as written by many runs, read as one."""

import pytest
from confluent_kafka import KafkaError

from stillframe.consumer.operate import gone, index
from stillframe.consumer.operate.cluster import Refused
from stillframe.consumer.operate.courier import Courier
from stillframe.consumer.operate.gone import IndexKey, Kind, encode, join
from stillframe.consumer.operate.index import Marks, read_index, single
from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.operate.source import Source
from stillframe.schemas import DefinitionError
from stillframe.schemas.topics import TopicFamily
from tests.operate_world import World, install

FAMILY = TopicFamily("emails", "mailer")
SOURCE = Source.of(FAMILY)


def key(partition: int = 0, kind: Kind = Kind.REDRIVEN, run: str = "a", topic_id: str = "t") -> IndexKey:
    return IndexKey(topic_id, partition, kind, run)


def test_runs_are_joined_whoever_wrote_them() -> None:
    """Two operators at the same time take nothing away from each other."""
    records = {key(run="a"): encode([(0, 3)]), key(run="b"): encode([(2, 5), (9, 10)]),
               key(kind=Kind.PURGED): encode([(7, 8)]), key(1): encode([(4, 5)])}  # fmt: skip
    found = join(records, "t")
    assert list(found[0].redriven) == [(0, 5), (9, 10)]
    assert list(found[0].purged) == [(7, 8)]
    assert list(found[1].redriven) == [(4, 5)]
    assert found[0].above(0) == Progress(5, ((7, 8), (9, 10)))
    assert found[0].above(7) == Progress(8, ((9, 10),))


def test_what_cannot_be_read_says_nothing() -> None:
    """Neither a foreign record nor that of a topic that was deleted and made anew hides a dead letter."""
    assert join({key(topic_id="old"): encode([(0, 3)]), key(): b"\xff"}, "t") == {}
    assert [IndexKey.read(raw) for raw in (None, b"", b"a:b:c:d", b"t:1:stolen:x", b"\xff")] == [None] * 5
    assert IndexKey.read(key(3, Kind.PURGED).encoded) == key(3, Kind.PURGED)


def test_a_record_of_the_index_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is forgotten from the end: it may be sent back again, and nothing is passed over."""
    monkeypatch.setattr(gone, "MOST_BYTES", 10)
    (found,) = join({key(): encode((n, n + 1) for n in range(0, 100, 2))}, "t").values()
    assert list(found.redriven) == [(0, 1), (2, 3), (4, 5), (6, 7), (8, 9)]


def test_a_run_is_remembered_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index is created by the first run that needs one; every run adds its own."""
    world = World(FAMILY)
    cluster = install(world, monkeypatch)
    assert read_index(cluster, SOURCE, world.topics()) == {}
    with Courier(world.settings) as courier:
        for kind, offsets in ((Kind.REDRIVEN, [0, 1, 4]), (Kind.PURGED, [2])):
            marks = Marks(cluster, SOURCE, world.topics(), kind, courier)
            marks.add({1: single(offsets)})
            marks.add({1: single([7])})
    found = read_index(cluster, SOURCE, world.topics())[1]
    assert (list(found.redriven), list(found.purged)) == ([(0, 2), (4, 5), (7, 8)], [(2, 3), (7, 8)])


def test_a_run_that_outgrows_a_record_goes_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a purge has taken stays gone, be it every second one of millions."""
    world = World(FAMILY)
    cluster = install(world, monkeypatch)
    for module, name, value in ((gone, "MOST_BYTES", 40), (index, "HALF_FULL", 20)):
        monkeypatch.setattr(module, name, value)
    with Courier(world.settings) as courier:
        marks = Marks(cluster, SOURCE, world.topics(), Kind.PURGED, courier)
        for start in range(0, 100, 10):
            marks.add({1: single(range(start, start + 10, 2))})
    found = read_index(cluster, SOURCE, world.topics())[1]
    assert list(found.purged) == [(offset, offset + 1) for offset in range(0, 100, 2)]
    assert all(len(record.value or b"") <= 40 for record in world.read(SOURCE.index))


def test_whoever_may_not_create_it_is_told_what_to_ask_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything was sent that nobody could remember."""
    world = World(FAMILY)
    cluster = install(world, monkeypatch)

    def refuse(topic: str, wanted: object) -> None:
        raise Refused("not authorized", 29)

    monkeypatch.setattr(world, "create", refuse)
    with (
        Courier(world.settings) as courier,
        pytest.raises(Refused, match=r"emails\.mailer\.dlq\.index.*not auth") as no,
    ):
        Marks(cluster, SOURCE, world.topics(), Kind.REDRIVEN, courier)
    assert "one partition, cleanup.policy=compact" in no.value.__notes__[0]


def test_an_index_is_as_safe_as_its_family(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark that the broker forgets with one replica is a task that runs once more."""
    world = World(FAMILY)
    cluster = install(world, monkeypatch)
    world.in_sync = "2"
    with Courier(world.settings) as courier:
        Marks(cluster, SOURCE, world.topics(), Kind.REDRIVEN, courier)
    assert world.created[SOURCE.index].settings["min.insync.replicas"] == "2"


def test_who_may_not_see_how_safe_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The broker's own default then has to do."""
    world = World(FAMILY)
    cluster = install(world, monkeypatch)

    def refuse(topics: object) -> None:
        raise Refused("not authorized", KafkaError.TOPIC_AUTHORIZATION_FAILED)

    monkeypatch.setattr(world, "settings_of", refuse)
    with Courier(world.settings) as courier:
        Marks(cluster, SOURCE, world.topics(), Kind.REDRIVEN, courier)
    assert "min.insync.replicas" not in world.created[SOURCE.index].settings
    assert "no DescribeConfigs on emails.mailer.dlq" in capsys.readouterr().err


def test_an_index_is_its_groups_alone() -> None:
    """Several groups may have their dead letters in one topic of another system."""
    assert SOURCE.index == "emails.mailer.dlq.index"
    assert Source("orders-dlt", "billing").index == "orders-dlt.billing.index"
    assert Source("orders-dlt", "billing").options == "--group billing --dead-letter-topic orders-dlt"
    with pytest.raises(DefinitionError, match="not a legal Kafka name"):
        Source("x" * 249, "billing")
