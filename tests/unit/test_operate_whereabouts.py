"""Where a task is: told from its records and from what its group has committed."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

import pytest

from stillframe.consumer.operate.dead_letters import DeadLetter
from stillframe.consumer.operate.errors import CommandError
from stillframe.consumer.operate.gone import Gone
from stillframe.consumer.operate.lag import PartitionLag, Role
from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.operate.whereabouts import Sighting, Standings, State, submitted_within, whereabouts
from stillframe.consumer.progress.runs import Runs
from stillframe.consumer.progress.strict_waits import Wait
from stillframe.schemas import Record
from stillframe.schemas.topics import TopicFamily
from tests.dead_letters import NOON, SECRET, dead_letter, task_id
from tests.operate_world import World, install, run

FAMILY = TopicFamily("emails", "mailer")
TIER, DLQ = "emails.mailer.retry.1m", FAMILY.dead_letter_topic
ROLES = {"emails": Role.TASKS, TIER: Role.RETRY, DLQ: Role.DEAD_LETTERS}
NOW = NOON + 60_000


def seen(topic: str, offset: int, at: int = NOON, **parts: Any) -> Sighting:
    record = replace(dead_letter(FAMILY, **parts), topic=topic, offset=offset)
    if topic == "emails":
        record = replace(record, headers=record.headers[:6])
    return Sighting(ROLES[topic], DeadLetter.read(record, at))


def standings(tasks: Progress | None = None, tier: Progress | None = None, gone: Gone | None = None) -> Standings:
    lags = {("emails", 0): PartitionLag.of(0, 0, 100, tasks), (TIER, 0): PartitionLag.of(0, 0, 100, tier)}
    return Standings(lags, {} if gone is None else {0: gone})


TASK = seen("emails", 40)
RETRY = seen(TIER, 7, NOON + 10, attempt=2, not_before=NOW + 5_000, error_type="E")
BACK, PURGED = Gone(Runs([(3, 4)]), Runs()), Gone(Runs(), Runs([(3, 4)]))
DEAD = seen(DLQ, 3, NOON + 20, attempt=3, error_type="E", error_message="no route")


@pytest.mark.parametrize(
    ("sightings", "known", "state", "told"),
    [
        ([TASK], standings(), State.WAITING, "emails:0:40, attempt 1; 40 offsets before it have no outcome"),
        ([TASK], standings(Progress(30, ((35, 39),))), State.WAITING, "6 offsets before it have no outcome"),
        ([TASK], standings(Progress(30, (), (Wait(40, 4, NOW + 1, NOON),))), State.DELAYED, "for attempt 4"),
        ([TASK], standings(Progress(41)), State.DONE, "done or expired, as emails:0:40, in its first delivery"),
        ([TASK], standings(Progress(30, ((40, 41),))), State.DONE, "emails:0:40"),
        ([TASK, RETRY], standings(), State.DELAYED, "until 2026-01-02T12:01:05Z for attempt 2, after E"),
        ([TASK, RETRY], standings(Progress(41), Progress(8)), State.DONE, "attempt 2 or later"),
        ([RETRY, TASK, DEAD], standings(Progress(41)), State.DEAD, "E at attempt 3: no route"),
        ([TASK, DEAD], standings(Progress(41), gone=PURGED), State.PURGED, "purged since"),
        ([TASK, DEAD], standings(Progress(41), gone=BACK), State.SENT_BACK, "sent back since"),
        ([DEAD, seen(TIER, 9, NOON + 30, not_before=NOON)], standings(gone=BACK),
         State.WAITING, f"waits or runs as {TIER}:0:9"),
    ],
)  # fmt: skip
def test_the_last_record_without_an_outcome_is_where_it_is(
    sightings: list[Sighting], known: Standings, state: State, told: str
) -> None:
    """Also while the hand-off before is not committed yet; without any, the group has come to an end with it."""
    found = whereabouts(sightings, known, NOW)
    assert found.state is state
    assert told in found.told
    assert SECRET not in found.told


def test_a_version_7_id_bounds_the_search() -> None:
    """It holds when it was made; any other id says nothing, and all is looked at."""
    made = UUID(int=NOON << 80 | 7 << 76 | 0b10 << 62)
    assert submitted_within(made) == (NOON - 3_600_000, NOON - 60_000, NOON + 900_000)
    assert submitted_within(uuid5(made, "order-1")) is None


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(FAMILY)
    install(made, monkeypatch)
    return made


def submitted(world: World, late: int = 0) -> Record:
    """A task, among others before and after it, that the group has dead-lettered."""
    dead = dead_letter(FAMILY, 1, 0, attempt=3, error_message="no route")
    made = UUID(task_id(dead)).int >> 80
    task = replace(dead, topic="emails", headers=dead.headers[:6])
    other = replace(dead_letter(FAMILY, 1), topic="emails")
    for at, record in ((made - 9 * 10**6, other), (made + late, task), (made + late + 10**7, other)):
        world.write(record, at=at)
    world.write(dead, at=made + late + 20_000)
    world.ended(FAMILY, "emails", 1, 1)
    return task


@pytest.mark.parametrize("late", [0, 5_000_000])
def test_a_task_is_found_with_its_trail(world: World, late: int) -> None:
    """Where it was, and why it is where it is; one that was submitted long after its id was made is found too."""
    task = submitted(world, late)
    found = run("task", task_id(task), "--json").json
    (answer,) = found["groups"]
    assert (answer["group"], answer["state"]) == ("mailer", "dead")
    assert [record["topic"] for record in answer["records"]] == ["emails", DLQ]
    shown = run("task", task_id(task), "--group", "mailer").out
    assert "group mailer, topic emails: dead as emails.mailer.dlq:1:0 since" in shown
    assert SECRET not in shown


@pytest.mark.parametrize("broker_time", [False, True])
def test_an_id_whose_clock_was_ahead_finds_its_task(world: World, broker_time: bool) -> None:
    """By half an hour: of all other records, and with a broker that writes its own time of the task too."""
    dead = dead_letter(FAMILY, 1, 0, attempt=3)
    now = (UUID(task_id(dead)).int >> 80) - 1_800_000
    task = replace(dead, topic="emails", headers=dead.headers[:6])
    world.write(task, at=now if broker_time else now + 1_800_000)
    world.write(dead, at=now + 20_000)
    world.ended(FAMILY, "emails", 1, 0)
    (answer,) = run("task", task_id(task), "--json").json["groups"]
    assert (answer["state"], len(answer["records"])) == ("dead", 2)


def test_no_more_is_read_than_the_id_leaves_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what was written long before its id was made, nor, of the task topic, what long after."""
    task = submitted(world)
    read: list[int] = []
    monkeypatch.setattr(
        "stillframe.consumer.operate.trail.scan", lambda settings, ranges: _noted(world, ranges, read)
    )
    run("task", task_id(task), "--json")
    assert read == [1, 0]


def _noted(world: World, ranges: Any, read: list[int]) -> Any:
    for record, at in world.scan(None, ranges):
        read.append(record.offset)
        yield record, at


def test_forged_headers_on_a_task_topic_tell_nothing(world: World) -> None:
    """Anyone who may submit could write them; a worker does not read them there either."""
    forged = replace(dead_letter(FAMILY, attempt=9, not_before=NOON * 2), topic="emails")
    world.write(forged, at=UUID(task_id(forged)).int >> 80)
    (answer,) = run("task", task_id(forged), "--json").json["groups"]
    assert answer["state"] == "waiting"
    assert "attempt 1" in answer["told"]


def test_a_task_that_nobody_knows_is_an_error(world: World) -> None:
    """With the topics that were looked at, and what that means."""
    with pytest.raises(CommandError, match="no record of task .* is in emails") as unknown:
        run("task", task_id(dead_letter(FAMILY)))
    assert "retention has deleted it" in unknown.value.__notes__[0]
    assert "a clock more than an hour ahead" in unknown.value.__notes__[0]
