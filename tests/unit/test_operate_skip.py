"""`stillframe skip`: what it copies, what it commits, and when it refuses, on a Kafka in memory."""

import importlib
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from stillframe.consumer.operate import skip as operate
from stillframe.consumer.operate.cluster import Group
from stillframe.consumer.operate.errors import CommandError
from stillframe.consumer.operate.lag import PartitionLag
from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.operate.skip import Spot, parse_spot
from stillframe.consumer.progress.strict_waits import Wait
from stillframe.schemas import Record
from stillframe.schemas.headers import Origin, read_delivery_state
from stillframe.schemas.topics import TopicFamily
from tests.dead_letters import NOON
from tests.operate_world import World, install, run

FAMILY = TopicFamily("emails", "mailer")
COMMAND = importlib.import_module("stillframe.consumer.operate.cli.skip")
PLACE = "emails", 1
COMMIT = "mailer", PLACE


class Terminal:
    """The command's `sys`, with somebody there to be asked."""

    stdin = SimpleNamespace(isatty=lambda: True)

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Ten tasks in emails[1], of which a worker cannot read the batch of 4 to 6."""
    made = World(FAMILY)
    install(made, monkeypatch)
    made.write(*(Record("emails", b"k", b"%d" % n, (("x-own", b"kept"),), 1) for n in range(10)))

    class Probe:
        def __init__(self, cluster: object, place: object) -> None: ...

        def is_readable(self, offset: int) -> bool:
            return not 4 <= offset <= 6

    monkeypatch.setattr(operate, "Probe", Probe)
    return made


def skip(spot: str = "emails:1:4", *options: str) -> str:
    return run("skip", spot, "--group", "mailer", "--yes", *options).out


def test_the_whole_batch_goes_to_the_dead_letters(world: World) -> None:
    """Byte for byte, with where it lay; the group goes on behind it, and what it had done above stays done."""
    world.commits[COMMIT] = Progress(4, ((5, 6), (8, 9)), (Wait(7, 2, NOON, NOON),))
    ran = run("skip", "emails:1:4", "--group", "mailer", "--yes")
    assert "skipped; the group goes on from offset 7" in ran.out
    copies = world.read(FAMILY.dead_letter_topic)
    assert [(copy.partition, copy.key, copy.value) for copy in copies] == [(1, b"k", b"4"), (1, b"k", b"6")]
    state = read_delivery_state(copies[1])
    assert (state.error_type, state.origin, copies[1].header("x-own")) == ("skipped", Origin("emails", 1, 6), b"kept")
    assert world.commits[COMMIT] == Progress(7, ((8, 9),), (Wait(7, 2, NOON, NOON),))
    audit = json.loads(ran.err)
    assert (audit["event"], audit["first"], audit["last"]) == ("records_skipped", 4, 6)
    assert (audit["copied"], audit["lost"], audit["committed"]) == (2, 0, 7)


def test_what_nobody_can_read_is_named_as_lost(world: World) -> None:
    """Of a corrupt batch a wider client may read some records; of the others nothing is left but the count."""
    world.commits[COMMIT] = Progress(4)
    world.unreadable |= {("emails", 1, 5), ("emails", 1, 6)}
    out = skip()
    assert "1 without an outcome are copied to emails.mailer.dlq" in out
    assert "2 without an outcome cannot be read any more: they are LOST" in out
    assert world.commits[COMMIT] == Progress(7)


def test_the_offset_stays_while_something_before_it_is_open(world: World) -> None:
    """It counts as done above the group's offset: no task before it is given up."""
    world.commits[COMMIT] = Progress(1, ((2, 3),))
    assert "2 before them have no outcome either: the group's offset stays at 1" in skip()
    assert world.commits[COMMIT] == Progress(1, ((2, 3), (4, 7)))


def test_a_single_readable_record_goes_alone(world: World) -> None:
    """One that is not to run is skipped just so; a group that never committed starts at the log's beginning."""
    assert "the group goes on from offset 1" in skip("emails:1:0")
    assert world.commits[COMMIT] == Progress(1)


def test_offsets_that_retention_took_are_passed(world: World) -> None:
    """A worker stops there until somebody says that they are given up; nothing is left to copy."""
    world.commits[COMMIT] = Progress(2)
    world.begins[PLACE] = 8
    assert "6 without an outcome cannot be read any more: they are LOST" in skip("emails:1:2")
    assert world.commits[COMMIT] == Progress(8)
    assert world.read(FAMILY.dead_letter_topic) == []


def test_a_partition_that_stands_at_its_very_beginning_can_be_passed(world: World) -> None:
    """A worker commits 0 at its start; retention may take what lies there before anything is done."""
    world.commits[COMMIT] = Progress(0)
    world.begins[PLACE] = 8
    skip("emails:1:0")
    assert world.commits[COMMIT] == Progress(8)


def test_an_outage_of_weeks_is_passed_at_once() -> None:
    """Retention may have taken a billion offsets: none of them is looked at one by one."""
    end = 4 * 10**12
    done = Progress(5, ((10, 20), (end // 2, end // 2 + 7)))
    found = operate.plan(FAMILY, Spot("emails", 1, 8), PartitionLag(1, end, end + 3, done), end, [])
    assert (found.lost, found.left_before) == (end - 8 - 10 - 7, 3)
    assert found.after == Progress(5, ((8, end),))


def test_what_a_worker_has_done_meanwhile_is_not_undone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was started and stopped while the operator was asked: its commits are newer than what was looked at."""
    world.commits[COMMIT] = Progress(4)

    def confirm(question: str, *, err: bool) -> bool:
        world.commits[COMMIT] = Progress(4, ((7, 10),))
        return True

    monkeypatch.setattr(typer, "confirm", confirm)
    monkeypatch.setattr(COMMAND, "sys", Terminal())
    with pytest.raises(CommandError, match="has committed offset 4 since"):
        run("skip", "emails:1:4", "--group", "mailer")
    assert world.commits[COMMIT] == Progress(4, ((7, 10),))
    assert world.read(FAMILY.dead_letter_topic) == []


@pytest.mark.parametrize(
    ("spot", "refusal"),
    [
        ("emails:1:3", "has an outcome"),
        ("emails:1:10", "is not in the log, which holds offsets 0 to 9"),
        ("emails:7:0", "has 2 partitions"),
        ("emails.mailer.dlq:0:0", "reads no topic"),
        ("others:0:0", "is no topic of the group"),
        ("emails:4", "is not topic:partition:offset"),
        ("emails:one:4", "is not topic:partition:offset"),
    ],
)
def test_what_is_not_open_is_not_skipped(world: World, spot: str, refusal: str) -> None:
    """Nothing is copied, nothing committed."""
    world.commits[COMMIT] = before = Progress(4)
    with pytest.raises(CommandError, match=refusal):
        skip(spot)
    assert world.commits[COMMIT] == before
    assert world.read(FAMILY.dead_letter_topic) == []


def test_a_group_with_members_keeps_its_offset(world: World) -> None:
    """They would commit over it. The error says what to do, before anything is copied."""
    world.members["mailer"] = Group("STABLE", 2, {})
    with pytest.raises(CommandError, match=r"has 2 member\(s\)") as refused:
        skip()
    assert "stop every worker" in refused.value.__notes__[0]
    assert world.read(FAMILY.dead_letter_topic) == []


def test_a_copy_that_is_refused_moves_nothing(world: World) -> None:
    """Promise I8: the offset stays until the dead letter is acknowledged."""
    world.commits[COMMIT] = Progress(4)
    world.refusal = "too large"
    with pytest.raises(CommandError, match="nothing is skipped: a copy was not taken: .*too large"):
        skip()
    assert world.commits[COMMIT] == Progress(4)


def test_nobody_is_taken_by_surprise(world: World) -> None:
    """Without --yes and without a terminal to ask at it is only told what would happen."""
    with pytest.raises(CommandError, match="nothing was skipped"):
        run("skip", "emails:1:4", "--group", "mailer")
    assert COMMIT not in world.commits


def test_a_program_that_asks_is_told_what_it_is_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --json too nobody says yes to what was not shown; standard output stays one document."""
    monkeypatch.setattr(typer, "confirm", lambda question, *, err: True)
    monkeypatch.setattr(COMMAND, "sys", Terminal())
    world.commits[COMMIT] = Progress(4)
    ran = run("skip", "emails:1:4", "--group", "mailer", "--json")
    assert "emails[1]: offsets 4 to 6 are skipped" in ran.err
    assert ran.json["copied"] == 3


def test_a_commit_without_room_is_refused() -> None:
    """What a full completion map would forget is not skipped: it would come back, and wedge the worker again."""
    full = Progress(0, tuple((offset, offset + 1) for offset in range(20, 60_000, 2)))
    with pytest.raises(CommandError, match="no room left"):
        operate.plan(FAMILY, Spot("emails", 1, 65_000), PartitionLag(1, 0, 90_000, full), 65_001, [])


def test_a_spot_is_a_topic_a_partition_and_an_offset() -> None:
    """As the worker's log and /readyz name it."""
    assert parse_spot("emails.mailer.retry.1m:3:4711") == Spot("emails.mailer.retry.1m", 3, 4_711)
