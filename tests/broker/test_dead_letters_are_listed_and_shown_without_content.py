from dataclasses import replace

from stillframe.schemas.topics import TopicFamily
from tests.cli import Ran, stillframe
from tests.dead_letters import SECRET, create_family, dead_letter, family_of, task_id, write
from tests.kafka import Kafka


def test_dead_letters_are_listed_and_shown_without_content(kafka: Kafka, topic_name: str) -> None:
    """Grouped by type and error; found by id or position; key, value and headers only with --reveal."""
    family = family_of(topic_name)
    create_family(kafka.bootstrap_servers, family)
    smtp = dead_letter(family, partition=2, origin=40, error_message="no route")
    garbage = replace(dead_letter(family, partition=1, error_type="Malformed"), value=SECRET.encode())
    others = [dead_letter(family, error_type="ValueError", type="resize") for _ in range(3)]
    write(kafka.bootstrap_servers, [smtp, garbage, *others])

    def dlq(*arguments: str) -> Ran:
        return stillframe("dlq", *arguments, "-g", family.group, STILLFRAME_BOOTSTRAP_SERVERS=kafka.bootstrap_servers)

    (listed,) = dlq("list", "--json").json["dead_letter_topics"]
    assert [(pile["task_type"], pile["error_type"], pile["count"]) for pile in listed["piles"]] == [
        ("resize", "ValueError", 3),
        ("send_email", "Malformed", 1),
        ("send_email", "smtplib.SMTPDataError", 1),
    ]
    (filtered,) = dlq("list", "--json", "--error", "SMTPDataError").json["dead_letter_topics"]
    assert (filtered["count"], filtered["piles"][0]["newest"]) == (1, "2:0")

    masked = dlq("show", task_id(smtp), "--json")
    (shown,) = masked.json["dead_letters"]
    assert (shown["partition"], shown["offset"], shown["attempts"]) == (2, 0, 3)
    assert (shown["error_message"], shown["origin"]) == ("no route", f"{topic_name}:2:40")
    assert shown["redrive"] == redrive_command(family, "2:0")

    (revealed,) = dlq("show", "2:0", "--json", "--reveal").json["dead_letters"]
    assert revealed["task_id"] == shown["task_id"]
    assert (revealed["key"], revealed["value"]["payload"]) == (SECRET, {"to": SECRET})
    assert {"name": "x-own", "bytes": 4, "value": "kept"} in revealed["headers"]

    broken = dlq("show", "1:0")
    assert "MalformedRecord: " in broken.out
    for ran in (dlq("list"), masked, broken):
        assert ran.code == 0
        assert SECRET not in ran.out + ran.err

    assert dlq("show", "2:1").failure == (
        f"no dead letter of group {family.group!r} is 2:1",
        f"`stillframe dlq list --group {family.group}` shows what there is",
    )


def redrive_command(family: TopicFamily, position: str) -> str:
    return f"stillframe dlq redrive {position} --group {family.group} --topic {family.topic}"
