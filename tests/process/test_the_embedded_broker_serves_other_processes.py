import json
import signal
from pathlib import Path

from stillframe.consumer.operate.broker import EmbeddedBroker
from stillframe.schemas.topics import TopicFamily
from tests.cli import started, stillframe, write_worker
from tests.dead_letters import dead_letter, task_id, write

FAMILY = TopicFamily("emails", "mailer")


def test_the_embedded_broker_serves_other_processes(tmp_path: Path) -> None:
    """Its first line tells a script its address; topics are made, written and read there; SIGTERM ends it."""
    target = write_worker(tmp_path, FAMILY)
    with started("broker", "--json") as broker:
        assert broker.stdout
        address = json.loads(broker.stdout.readline())["bootstrap_servers"]
        here = {"STILLFRAME_BOOTSTRAP_SERVERS": address}
        made = stillframe("topics", "apply", target, "--json", cwd=tmp_path, **here)
        assert [each["topic"] for each in made.json["made"]] == list(FAMILY.names)
        assert "embedded broker" in made.json["unchecked"]

        dead = dead_letter(FAMILY, partition=3)
        write(address, [dead])
        (found,) = stillframe("task", task_id(dead), "--json", **here).json["groups"]
        assert found["state"] == "dead"
        listed = stillframe("dlq", "list", "--group", "mailer", "--json", **here)
        assert listed.json["dead_letter_topics"][0]["count"] == 1
        sent = stillframe("dlq", "redrive", "3:0", "--group", "mailer", "--json", **here)
        assert sent.json["redriven"] == 1
        listed = stillframe("dlq", "list", "--group", "mailer", "--since", "1h", "--json", **here)
        assert listed.json["dead_letter_topics"][0]["redriven"] == 1
        (lag,) = stillframe("lag", "--group", "mailer", "--json", **here).json["families"]
        assert (lag["retry"], lag["due"]) == (1, 1)

        broker.send_signal(signal.SIGTERM)
        assert broker.wait(10) == 0


def test_the_embedded_broker_says_what_it_is_not() -> None:
    """Its limits are told when it starts, with the line that points the other commands at it."""
    with started("broker") as broker:
        assert broker.stdout
        lines = [broker.stdout.readline() for _ in range(7)]
        broker.send_signal(signal.SIGINT)
        assert broker.wait(10) == 0
    told = "".join(lines)
    assert lines[0].startswith("export STILLFRAME_BOOTSTRAP_SERVERS=127.0.0.1:")
    for words in ("in memory", "4 partitions", "5 MB", "topic settings"):
        assert words in told


def test_an_embedded_broker_can_be_a_part_of_a_program() -> None:
    """It lives as long as its context."""
    with EmbeddedBroker() as broker:
        missing = stillframe("lag", "--group", "mailer", "--bootstrap-servers", broker.bootstrap_servers)
        assert "group 'mailer' has no retry or dead-letter topics here" in missing.failure[0]
        assert missing.code == 1
