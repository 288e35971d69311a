import json
import time
from dataclasses import replace

from stillframe.schemas import Record
from stillframe.schemas.headers import Origin, read_delivery_state
from tests.cli import Ran, stillframe
from tests.dead_letters import create_family, dead_letter, family_of, task_id, write
from tests.engine.looking import read_all
from tests.kafka import Kafka


def test_redrive_sends_dead_letters_back_unchanged(kafka: Kafka, topic_name: str) -> None:
    """Byte for byte, to the shortest tier of their own group, due now, in order of origin; audited, and kept."""
    family = family_of(topic_name)
    create_family(kafka.bootstrap_servers, family)
    tier = family.retry_topic(family.tiers[0])
    garbage = replace(dead_letter(family, partition=3, origin=5, error_type="Malformed"), value=b"\x00\xff")
    letters = [dead_letter(family, 3, origin, error_type="E", replayed=2) for origin in (9, 2, 7)]
    write(kafka.bootstrap_servers, [garbage, *letters])
    before = time.time() * 1000

    def redrive(*arguments: str) -> Ran:
        options = ("--json", "-g", family.group, "--bootstrap-servers", kafka.bootstrap_servers)
        return stillframe("dlq", "redrive", *arguments, *options)

    dry = redrive("--error", "E")
    assert (dry.json["dry_run"], dry.json["count"], dry.json["redriven"]) == (True, 3, 0)
    assert read_all(kafka.bootstrap_servers, tier) == []

    assert redrive("3:0").json["redriven"] == 1
    ran = redrive(*map(task_id, letters), "--yes")
    assert ran.json["redriven"] == 3
    audit = json.loads(ran.err)
    assert audit["event"] == "dead_letters_redriven"
    assert (audit["count"], audit["to"]) == (3, [tier])
    assert audit["selection"] == {"names": sorted(map(task_id, letters))}

    back = read_all(kafka.bootstrap_servers, tier)
    sent = [garbage, *sorted(letters, key=lambda letter: origin_of(letter).offset)]
    assert [(each.partition, each.key, each.value) for each in back] == [(3, e.key, e.value) for e in sent]
    assert [origin_of(each) for each in back] == [origin_of(each) for each in sent]
    for each in back[1:]:
        state = read_delivery_state(each)
        assert (state.attempt, state.replayed, state.retry_tier, state.error_type) == (1, 3, "1m", "E")
        assert before <= (state.not_before or 0) <= time.time() * 1000
        assert each.header("x-own") == b"kept"
    assert len(read_all(kafka.bootstrap_servers, family.dead_letter_topic)) == 4


def origin_of(record: Record) -> Origin:
    origin = read_delivery_state(record).origin
    assert origin
    return origin
