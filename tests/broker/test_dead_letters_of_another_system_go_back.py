from dataclasses import replace

from stillframe.schemas import Record
from stillframe.schemas.record import RecordHeaders
from tests.cli import Ran, stillframe
from tests.dead_letters import SECRET, write
from tests.engine.looking import read_all
from tests.foreign_dead_letters import CONNECT, SHARE_GROUP, SPRING
from tests.kafka import CreateTopic, Kafka


def test_dead_letters_of_another_system_go_back(kafka: Kafka, topic_name: str, create_topic: CreateTopic) -> None:
    """To the topic and partition that each came from, byte for byte, without the traces of its death; once."""
    dead, orders = f"{topic_name}-dlt", topic_name
    create_topic(dead, 1)
    create_topic(orders, 4)
    systems = [renamed(headers, orders) for headers in (SPRING, CONNECT, SHARE_GROUP)]
    letters = [Record(dead, b"key", value(n), headers, 0) for n, headers in enumerate(systems)]
    write(kafka.bootstrap_servers, letters)

    def dlq(*arguments: str) -> Ran:
        where = ("--group", "billing", "--dead-letter-topic", dead)
        return stillframe("dlq", *arguments, *where, STILLFRAME_BOOTSTRAP_SERVERS=kafka.bootstrap_servers)

    (listed,) = dlq("list", "--json").json["dead_letter_topics"]
    assert sorted(pile["error_type"] for pile in listed["piles"]) == [
        "Offset rejected by client.", "java.lang.IllegalStateException",
        "org.apache.kafka.connect.errors.DataException",
    ]  # fmt: skip
    shown = dlq("show", "0:0")
    assert "spring-kafka" in shown.out
    assert SECRET not in shown.out

    dry = dlq("redrive", "--all", "--json").json
    assert (dry["dry_run"], dry["count"], dry["to"]) == (True, 3, [orders])
    assert dlq("redrive", "--all", "--yes", "--json").json["redriven"] == 3
    back = read_all(kafka.bootstrap_servers, orders)
    assert sorted((each.partition, each.value) for each in back) == [
        (1, value(2)), (3, value(0)), (3, value(1)),
    ]  # fmt: skip
    assert {name for each in back for name, _ in each.headers} == {"__TypeId__", "stillframe-redriven"}
    assert dlq("redrive", "--all", "--yes", "--json").json["redriven"] == 0


def value(number: int) -> bytes:
    """What the errors' messages quote."""
    return b'{"to":"%s","number":%d}' % (SECRET.encode(), number)


def renamed(headers: RecordHeaders, topic: str) -> RecordHeaders:
    """Come from a topic that exists here."""
    record = Record("", None, None, headers)
    return replace(record, headers=tuple((n, topic.encode() if v == b"orders" else v) for n, v in headers)).headers
