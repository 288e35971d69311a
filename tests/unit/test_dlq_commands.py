"""`stillframe dlq list`, `show` and `redrive` from the command line to the log, on a Kafka in memory."""

import json
import struct
from dataclasses import replace
from uuid import UUID

import pytest

from stillframe.consumer.operate.cluster import Group
from stillframe.consumer.operate.errors import CommandError
from stillframe.consumer.operate.replays import read_replays
from stillframe.schemas import Record
from stillframe.schemas.record import RecordHeaders
from stillframe.schemas.topics import TopicFamily
from tests.dead_letters import NOON, SECRET, dead_letter, task_id
from tests.foreign_dead_letters import SHARE_GROUP
from tests.operate_world import World, install, run

FAMILY = TopicFamily("emails", "mailer")
DLQ, TIER = FAMILY.dead_letter_topic, "emails.mailer.retry.1m"
GROUP = ("--group", "mailer")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(FAMILY)
    install(made, monkeypatch)
    return made


def spring(value: bytes, origin: int, group: str = "billing") -> Record:
    headers = (
        ("kafka_dlt-original-topic", b"orders"),
        ("kafka_dlt-original-partition", struct.pack(">i", 0)),
        ("kafka_dlt-original-offset", struct.pack(">q", origin)),
        ("kafka_dlt-original-consumer-group", group.encode()),
        ("kafka_dlt-exception-cause-fqcn", b"java.lang.IllegalStateException"),
        ("kafka_dlt-exception-message", b"no account for " + SECRET.encode()),
    )
    return Record("orders-dlt", SECRET.encode(), value, headers, 0)


def test_list_shows_piles_over_time(world: World) -> None:
    """Grouped, counted, with a bar for each part of the time; filters by type, error, key, time and trace."""
    traced = dead_letter(FAMILY, error_type="A", key=b"another")
    traced = replace(traced, headers=(*traced.headers, ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01".encode())))
    world.write(*(dead_letter(FAMILY, 0, n, error_type="A") for n in range(3)), traced)
    world.write(dead_letter(FAMILY, 1, error_type="B", type="resize"))

    listed = run("dlq", "list", *GROUP)
    assert f"{DLQ}: 5 dead letters; each bar is 1 s, from 2026-01-02T12:00:00Z" in listed.out
    assert "████" in listed.out
    assert SECRET not in listed.out

    def count(*options: str) -> int:
        (found,) = run("dlq", "list", *GROUP, "--json", *options).json["dead_letter_topics"]
        return int(found["count"])

    assert count("--type", "resize") == 1
    assert count("--error", "A", "--error", "B") == 5
    assert count("--key", "another") == 1
    assert count("--trace-id", TRACE.upper()) == 1
    assert count("--since", "2026-01-02T12:00:03Z") == 2
    assert count("--until", "2026-01-02T12:00:01Z") == 1
    piles = run("dlq", "list", *GROUP, "--json").json["dead_letter_topics"][0]
    assert piles["timeline"] == {"start": "2026-01-02T12:00:00Z", "step_seconds": 1, "steps": 5}
    assert [pile["timeline"] for pile in piles["piles"]] == [[1, 1, 1, 1, 0], [0, 0, 0, 0, 1]]


def test_show_tells_each_attempt_and_nothing_of_the_content(world: World) -> None:
    """The payload by its fields' kinds, the attempts by what the retry topics still hold, and the way back."""
    dead = dead_letter(FAMILY, 1, 40, attempt=3, error_message="no route")
    hop = dead_letter(FAMILY, attempt=2, not_before=NOON + 60_000, error_type="TimeoutError")
    waited = replace(dead, topic=TIER, headers=(*dead.headers[:6], *hop.headers[6:]))
    world.now = UUID(task_id(dead)).int >> 80  # its id tells from when on to look
    world.write(waited, dead)

    ran = run("dlq", "show", task_id(dead), *GROUP)
    assert SECRET not in ran.out
    assert '"to":"a text of 11"' in ran.out
    assert f"waits in {TIER} until 2026-01-02T12:01:00Z for attempt 2" in ran.out
    assert "died at attempt 3 of smtplib.SMTPDataError: no route" in ran.out
    assert "stillframe dlq redrive 1:0 --group mailer --topic emails" in ran.out
    (revealed,) = run("dlq", "show", "1:0", *GROUP, "--json", "--reveal").json["dead_letters"]
    assert revealed["value"]["payload"] == {"to": SECRET}


def test_redrive_shows_first_and_says_where_to(world: World) -> None:
    """More than one is a dry run: how many of what would go where. With --yes they go, and who sent them is kept."""
    world.write(*(dead_letter(FAMILY, n % 2, n, error_type="AB"[n == 0]) for n in range(5)))
    dry = run("dlq", "redrive", "--all", *GROUP)
    assert f"dry run: 5 dead letters would go to {TIER}; --yes sends them" in dry.out
    assert "█" * 30 in dry.out
    assert world.read(TIER) == []

    ran = run("dlq", "redrive", "--error", "A", "--yes", *GROUP)
    assert f"sent back 4 to {TIER}" in ran.out
    audit = json.loads(ran.err)
    assert (audit["event"], audit["count"], audit["selection"]) == ("dead_letters_redriven", 4, {"errors": ["A"]})
    assert all(read_replays(record)[0].by == f"{audit['by']}@{audit['host']}" for record in world.read(TIER))
    listed = run("dlq", "list", *GROUP).out
    assert f"{DLQ}: 1 dead letters" in listed
    assert "4 more were sent back" in listed


def test_no_time_can_stop_a_listing(world: World) -> None:
    """A record's timestamp is its producer's, and an id whoever's who submitted: both may be of any year."""
    letter = dead_letter(FAMILY)
    late = ("ce_id", b"ffffffff-ffff-7fff-bfff-ffffffffffff")
    world.write(replace(letter, headers=(*(h for h in letter.headers if h[0] != "ce_id"), late)), at=2**62)
    world.write(letter, at=-1)
    assert f"{DLQ}: 2 dead letters" in run("dlq", "list", *GROUP).out
    assert run("dlq", "show", "0:0", *GROUP, "--json").json["dead_letters"][0]["died_at"] == "9999-12-31T23:59:59Z"


def test_what_comes_back_again_and_again_needs_force(world: World) -> None:
    """A loop is held back and named; --force sends it all the same."""
    world.write(dead_letter(FAMILY, replayed=3), dead_letter(FAMILY, replayed=2))
    ran = run("dlq", "redrive", "--all", "--yes", *GROUP, "--json")
    assert (ran.json["redriven"], list(ran.json["held_back"].values())) == (1, [1])
    with pytest.raises(CommandError, match="all that were chosen are held back"):
        run("dlq", "redrive", "0:0", *GROUP)
    assert "sent back 1" in run("dlq", "redrive", "0:0", "--force", *GROUP).out


def test_to_another_topic_names_who_else_reads_there(world: World) -> None:
    """Whoever reads it gets them too: without a terminal to ask at, nothing goes without --yes."""
    world.write(dead_letter(FAMILY))
    for group in ("analytics", "analytics.suspects", "mailer.suspects"):
        world.ended(TopicFamily("emails", group), "emails", 0, 0)
    dry = run("dlq", "redrive", "0:0", "--to", "emails", *GROUP)
    assert "warning: they are read by analytics as well" in dry.err
    assert "dry run: 1 dead letters would go to emails" in dry.out
    assert world.read("emails") == []
    ran = run("dlq", "redrive", "0:0", "--to", "emails", "--yes", *GROUP, "--json")
    assert (ran.json["redriven"], ran.json["also_read_by"]) == (1, ["analytics"])
    assert len(world.read("emails")) == 1


def test_a_retry_topic_that_nobody_reads_any_more_is_not_sent_to(world: World) -> None:
    """The code had a shorter delay once; its topic is still there, and a task in it would wait for ever."""
    world.add_topic("emails.mailer.retry.5s", 2)
    world.write(dead_letter(FAMILY))
    world.members["mailer"] = Group("STABLE", 1, {("emails", 0): "a", (TIER, 0): "a"})
    with pytest.raises(CommandError, match=r"no worker of group 'mailer' reads emails\.mailer\.retry\.5s") as refused:
        run("dlq", "redrive", "0:0", *GROUP)
    assert TIER in refused.value.__notes__[0]
    assert world.read("emails.mailer.retry.5s") == []
    assert f"sent back 1 to {TIER}" in run("dlq", "redrive", "0:0", "--to", TIER, *GROUP).out


@pytest.mark.parametrize("to", [DLQ, "nowhere"])
def test_what_is_no_place_to_send_to_is_refused(world: World, to: str) -> None:
    """Sent to where they lie, they would be dead letters without a cause."""
    world.write(dead_letter(FAMILY))
    with pytest.raises(CommandError, match="is where they lie|'nowhere' does not exist") as refused:
        run("dlq", "redrive", "--all", "--yes", "--to", to, *GROUP)
    assert refused.value.__notes__ == ["correct --to"]
    assert len(world.read(DLQ)) == 1


def test_a_team_adopts_the_tool_before_the_worker(world: World) -> None:
    """Another system's dead-letter topic: listed, shown and sent back to where they came from, group by group."""
    world.add_topic("orders")
    world.add_topic("orders-dlt")
    world.write(*(spring(b'{"account": "canary-4711"}', n) for n in (5, 3)), spring(b"{}", 4, "shipping"))
    where = ("--group", "billing", "--dead-letter-topic", "orders-dlt")

    (listed,) = run("dlq", "list", *where, "--json").json["dead_letter_topics"]
    assert [(pile["task_type"], pile["count"]) for pile in listed["piles"]] == [("orders", 2)]
    shown = run("dlq", "show", "0:0", *where)
    assert SECRET not in shown.out
    assert "no account for ***" in shown.out
    assert "stillframe dlq redrive 0:0 --group billing --dead-letter-topic orders-dlt" in shown.out

    assert run("dlq", "redrive", "--all", "--yes", *where, "--json").json["redriven"] == 2
    assert [record.key for record in world.read("orders")] == [SECRET.encode()] * 2
    assert "0 dead letters; 2 more were sent back" in run("dlq", "list", *where).out
    assert "1 dead letters" in run("dlq", "list", "-g", "shipping", "--dead-letter-topic", "orders-dlt").out


def test_a_topic_of_ours_is_ours_by_either_name(world: World) -> None:
    """What was sent back by the one is not sent back again by the other."""
    world.write(dead_letter(FAMILY), dead_letter(FAMILY))
    named = ("--group", "mailer", "--dead-letter-topic", DLQ)
    assert f"sent back 1 to {TIER}" in run("dlq", "redrive", "0:0", *named).out
    assert "1 dead letters" in run("dlq", "list", *GROUP).out
    with pytest.raises(CommandError, match="topic 'nowhere-dlt' does not exist"):
        run("dlq", "list", "--group", "mailer", "--dead-letter-topic", "nowhere-dlt")


def test_what_a_share_group_did_not_copy_is_read_where_it_lay(world: World) -> None:
    """It goes back whole, or is held back where retention was faster."""
    world.add_topic("orders", 2)
    world.add_topic("dlq.orders")
    world.write(*(Record("orders", b"k%d" % n, b"v%d" % n, (("x-own", b"kept"),), 1) for n in range(12)))
    world.write(*(Record("dlq.orders", None, None, share_group(offset), 0) for offset in (9, 10, 40)))
    where = ("--group", "billing", "--dead-letter-topic", "dlq.orders")
    assert "lies at its origin" in run("dlq", "show", "0:0", *where).out
    ran = run("dlq", "redrive", "--all", "--yes", *where, "--json").json
    assert (ran["redriven"], list(ran["held_back"].values())) == (2, [1])
    back = world.read("orders")[12:]
    assert [(record.key, record.value, record.header("x-own")) for record in back] == [
        (b"k9", b"v9", b"kept"), (b"k10", b"v10", b"kept"),
    ]  # fmt: skip


def share_group(offset: int) -> RecordHeaders:
    return tuple((name, b"%d" % offset if name.endswith("offset") else value) for name, value in SHARE_GROUP)


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--all", "--error", "A"),
        ("--trace-id", "xyz"),
        ("--since", "yesterday"),
        ("--rate", "0", "--all"),
        ("--rate", "inf", "--all"),
    ],
)
def test_a_wrong_command_line_changes_nothing(world: World, options: tuple[str, ...]) -> None:
    """Nobody means everything by having said nothing."""
    world.write(dead_letter(FAMILY))
    with pytest.raises(Exception, match=r"--all alone|no trace id|is no time|greater|less"):
        run("dlq", "redrive", *options, *GROUP)
    assert world.read(TIER) == []
