"""Undecodable bytes, unknown types, forged headers are dead-lettered; the partition moves on (I8)."""

from confluent_kafka import Producer as RawProducer

from stillframe.schemas import TaskType
from stillframe.schemas.headers import read_delivery_state
from tests.engine.journal import Journal
from tests.engine.looking import await_commits, log_ends, read_all
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

BAD: list[tuple[bytes | None, list[tuple[str, str | bytes | None]], str]] = [
    (b"\xff\x00 not json", [], "MalformedRecord"),
    (b"", [], "MalformedRecord"),
    (None, [], "MalformedRecord"),
    (b"[" * 5_000, [], "MalformedRecord"),
    (b'{"schema": 2}', [("ce_type", b"work")], "UnsupportedVersion"),
    (b'{"schema": 1}', [("ce_type", b"nobody-knows")], "UnknownTaskType"),
    (b'{"schema": 1}', [("ce_type", b"work"), ("ce_id", b"\xff\xfe")], "MalformedRecord"),
]


def test_bad_input_hurts_only_itself(kafka: Kafka, topic_name: str) -> None:
    journal = Journal()
    task_type = work_type(topic_name)
    worker = make_worker(
        kafka.bootstrap_servers, "g", task_type, lambda work, context: None, middleware=[journal.middleware()]
    )
    create_family(kafka, worker, partitions=1)
    bootstrap, dead_letter_topic = kafka.bootstrap_servers, f"{topic_name}.g.dlq"
    raw = RawProducer({"bootstrap.servers": bootstrap})
    before = submit(bootstrap, task_type, [Work(number=1, key="k")])
    for value, headers, _ in BAD:
        raw.produce(topic_name, value, b"bad", headers=headers)
    assert raw.flush(10) == 0
    unknown = TaskType("unknown", Work, topic=topic_name)
    submit(bootstrap, unknown, [Work(number=2)])
    after = submit(bootstrap, task_type, [Work(number=3, key="k")])
    bad = len(BAD) + 1

    with running(worker):
        wait_until(lambda: sum(log_ends(bootstrap, dead_letter_topic, 1)) == bad, timeout=30, describe="dead letters")
        wait_until(lambda: journal.done == {*before, *after}, describe="the good tasks")
        await_commits(bootstrap, "g", topic_name, 1)

    states = {}
    for letter in read_all(bootstrap, dead_letter_topic):
        state = read_delivery_state(letter)
        assert state.origin is not None
        states[state.origin.offset] = (letter.value, (state.error_type or "").rsplit(".", 1)[-1])
    in_order = [found for _, found in sorted(states.items())]
    assert in_order[:-1] == [(value, cause) for value, _, cause in BAD]
    assert in_order[-1][1] == "UnknownTaskType"
