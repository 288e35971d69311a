"""What "gone" means after `stillframe dlq purge`, on a Kafka in memory."""

import json

import pytest

from stillframe.consumer.operate.cluster import Refused
from stillframe.consumer.operate.errors import CommandError
from stillframe.schemas.topics import TopicFamily
from tests.dead_letters import dead_letter
from tests.operate_world import World, install, run

FAMILY = TopicFamily("emails", "mailer")
DLQ, TIER = FAMILY.dead_letter_topic, "emails.mailer.retry.1m"
GROUP = ("--group", "mailer")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(FAMILY, partitions=1)
    install(made, monkeypatch)
    made.write(*(dead_letter(FAMILY, 0, n, error_type=error) for n, error in enumerate("ABBAB")))
    return made


def test_a_purge_is_only_shown_without_yes(world: World) -> None:
    """Be it of a single one: nothing brings it back."""
    assert "dry run: 1 dead letters would be purged, for good" in run("dlq", "purge", "0:2", *GROUP).out
    assert run("dlq", "purge", "--all", *GROUP, "--json").json["purged"] == 0
    assert "5 dead letters" in run("dlq", "list", *GROUP).out


def test_what_is_purged_has_no_name_any_more(world: World) -> None:
    """It is not listed, shown or sent back, though something before it still waits and keeps it in the log."""
    ran = run("dlq", "purge", "--error", "B", "--yes", *GROUP)
    assert "purged 3; 0 records were deleted from the log" in ran.out
    assert "stays in the log, unseen" in ran.out
    audit = json.loads(ran.err)
    assert (audit["event"], audit["count"], audit["deleted"]) == ("dead_letters_purged", 3, 0)
    assert f"{DLQ}: 2 dead letters" in run("dlq", "list", *GROUP).out
    for command in ("show", "redrive", "purge"):
        with pytest.raises(CommandError, match="no dead letter of group 'mailer' is 0:1"):
            run("dlq", command, "0:1", *GROUP)
    assert run("dlq", "redrive", "--all", "--yes", *GROUP, "--json").json["redriven"] == 2


def test_the_log_is_cut_off_below_what_still_waits(world: World) -> None:
    """What was sent back before it goes along; what still waits is never touched."""
    assert "sent back 1" in run("dlq", "redrive", "0:0", *GROUP).out
    ran = run("dlq", "purge", "0:1", "0:2", "0:4", "--yes", *GROUP, "--json")
    assert (ran.json["purged"], ran.json["deleted"]) == (3, 3)
    assert world.begins == {(DLQ, 0): 3}
    assert f"{DLQ}: 1 dead letters" in run("dlq", "list", *GROUP).out
    run("dlq", "purge", "--all", "--yes", *GROUP)
    assert world.begins == {(DLQ, 0): 5}


def test_gaps_in_the_log_do_not_keep_it(world: World) -> None:
    """Where transactions ended, as those of Spring's, there is no dead letter, and nobody waits."""
    world.unreadable |= {(DLQ, 0, 0), (DLQ, 0, 2), (DLQ, 0, 4)}
    ran = run("dlq", "purge", "--all", "--yes", *GROUP, "--json")
    assert (ran.json["purged"], ran.json["deleted"]) == (2, 5)
    assert world.begins == {(DLQ, 0): 5}


def test_without_the_right_to_delete_they_are_gone_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For every command; their bytes stay until retention, which is said."""

    def refuse(offsets: object) -> None:
        raise Refused("not allowed", 29)

    monkeypatch.setattr(world, "delete_below", refuse)
    assert "the log was left as it is: not allowed" in run("dlq", "purge", "--all", "--yes", *GROUP).out
    assert f"{DLQ}: 0 dead letters; 5 purged" in run("dlq", "list", *GROUP).out
