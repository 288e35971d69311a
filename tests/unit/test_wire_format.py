"""The specification of the wire is true: its tables, its schema, its vectors, and its rules beyond these."""

import base64
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stillframe.producer.capture import DEFAULT_HEADERS
from stillframe.producer.submission import MAX_DELAY
from stillframe.schemas import MalformedRecord, Record, decode, encode
from stillframe.schemas.envelope import SnapshotEnvelope
from stillframe.schemas.frozen import MAX_DEPTH
from stillframe.schemas.headers import DELIVERY_HEADERS
from stillframe.schemas.task_type import TaskType
from stillframe.schemas.wire import MAX_TASK_BYTES
from tests.generated.murmur2 import murmur2
from tests.generated.vectors_worker import TASK_TYPES, TOPIC, Email, verdict

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "wire-format.md").read_text(encoding="utf-8")
SCHEMA: dict[str, Any] = json.loads((DOCS / "wire-format/envelope.schema.json").read_text(encoding="utf-8"))
RULE = re.compile(r"\b[PKHVSD]\d+\b")

#: What a JSON Schema cannot see, and its page says so: text that is no JSON for Python, depth, numbers, handlers.
BEYOND_A_SCHEMA = {
    "lone-surrogate", "too-deep", "unknown-type", "due-in-the-year-9999", "payload-does-not-fit",
    "number-of-65-bits", "not-a-number", "another-id-in-the-header", "id-in-capitals-in-the-header",
    "another-type-in-the-header", "unknown-type-in-the-header",
}  # fmt: skip


def vectors(kind: str) -> dict[str, dict[str, Any]]:
    files = sorted((DOCS / "wire-format/vectors" / kind).glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


VALID, INVALID = vectors("valid"), vectors("invalid")


def record_of(vector: dict[str, Any]) -> Record:
    """As whoever reads the page would take it."""
    record = vector["record"]
    headers = tuple((name, value.encode()) for name, value in record["headers"])
    return Record(TOPIC, raw(record["key"]), raw(record["value"]), headers)


def raw(given: Any) -> bytes | None:
    if isinstance(given, dict):
        return base64.b64decode(given["base64"])
    return None if given is None else given.encode()


@pytest.mark.parametrize("name", VALID)
def test_what_is_valid_is_read_and_written_alike(name: str) -> None:
    """A task of another producer comes to its handler, and Python would have written the same bytes."""
    vector, record = VALID[name], record_of(VALID[name])
    assert verdict(record) == vector["worker"]
    assert vector["worker"]["outcome"] == ("skipped" if name == "expired" else "done")
    assert encode(decode(record), source=vector["task"]["source"]) == (record.key, record.value, record.headers)


@pytest.mark.parametrize("name", INVALID)
def test_what_is_invalid_is_dead_lettered(name: str) -> None:
    """With the error that the vector names."""
    assert verdict(record_of(INVALID[name])) == INVALID[name]["worker"]
    assert INVALID[name]["worker"]["outcome"] == "dead"


def test_the_schema_takes_what_is_valid_and_sees_what_it_can() -> None:
    """It is a JSON Schema, refuses no valid value, and of the invalid ones misses only what no schema can tell."""
    Draft202012Validator.check_schema(SCHEMA)
    validator = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for name, vector in VALID.items():
        assert not list(validator.iter_errors(json.loads(vector["record"]["value"]))), name
    missed = set()
    for name, vector in INVALID.items():
        try:
            value = json.loads((raw(vector["record"]["value"]) or b"").decode())
        except ValueError:
            continue
        if validator.is_valid(value):
            missed.add(name)
    assert missed == BEYOND_A_SCHEMA


def test_partitions_are_those_of_javas_hash() -> None:
    """The hash yields what Apache Kafka's own tests expect of it."""
    expected = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    assert {key: murmur2(key) for key in expected} == {key: hashed % 2**32 for key, hashed in expected.items()}
    for vector in VALID.values():
        key = raw(vector["record"]["key"])
        assert (vector["partitions"] is None) == (key is None)
        for count, partition in (vector["partitions"] or {}).items():
            assert partition == (murmur2(key or b"") & 0x7FFFFFFF) % int(count)


def test_the_tables_have_the_fields_of_the_code() -> None:
    """Every name, and whether it is required or may be null."""
    assert table("Value") == {name: presence(SCHEMA, name) for name in SCHEMA["properties"]}
    snapshot = SCHEMA["$defs"]["SnapshotEnvelope"]
    assert table("Snapshot") == {name: presence(snapshot, name) for name in SnapshotEnvelope.model_fields}
    written = [name for name, _ in VALID["minimal"]["record"]["headers"]]
    assert list(table("Headers")) == written


def presence(schema: dict[str, Any], name: str) -> str:
    if name in schema["required"]:
        return "required"
    field = schema["properties"][name]
    if {"type": "null"} in field.get("anyOf", ()):
        return "or `null`"
    return "pairs" if field["type"] == "array" else "object"


def table(heading: str) -> dict[str, str]:
    """The first table under a heading: its first column to its second."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([\w-]+)` \| ([^|]*?) \|", section, re.MULTILINE))


def test_the_numbers_and_the_example_are_those_of_the_code() -> None:
    """Limits, the short list of headers, and the record at the top."""
    assert f"At most {MAX_TASK_BYTES:,} bytes" in PAGE
    assert f"at most {MAX_DEPTH} deep" in PAGE
    assert f"at most {MAX_DELAY.days} days ahead" in PAGE
    assert ", ".join(f"`{name}`" for name in DEFAULT_HEADERS) in PAGE
    example = re.search(r"^value +(\{.*?\})\n```", PAGE, re.MULTILINE | re.DOTALL)
    assert example is not None
    assert json.loads(example[1]) == json.loads(VALID["minimal"]["record"]["value"])
    for name, value in VALID["minimal"]["record"]["headers"]:
        assert f"{name}={value}" in PAGE


def test_every_rule_is_held_by_a_vector_or_a_test() -> None:
    """And no vector or test is for a rule that there is none of; the tests exist."""
    rules = set(re.findall(r"^- \*\*([PKHVSD]\d+)\*\*", PAGE, re.MULTILINE))
    rows = re.findall(r"^\| ([PKHVSD]\d[^|]*) \| (.*) \|$", PAGE, re.MULTILINE)
    shown = {rule for vector in (*VALID.values(), *INVALID.values()) for rule in vector["rules"]}
    named = {rule for left, _ in rows for rule in RULE.findall(left)}
    assert rules == shown | named
    for _, right in rows:
        for path in re.findall(r"\]\((.*?)\)", right):
            assert (DOCS / path).is_file(), path


MINIMAL = record_of(VALID["minimal"])


def test_only_what_identifies_a_task_is_compared() -> None:
    """H3: another ce_source or ce_time, or none of the headers, is no fault."""
    assert run(*((name, b"?") for name in ("ce_source", "ce_time", "content-type", "ce_specversion"))) == "done"


def test_the_last_header_of_a_name_counts() -> None:
    """H7: what an earlier one says does not matter."""
    assert run(("ce_id", b"?"), *MINIMAL.headers) == "done"
    assert run(*MINIMAL.headers, ("ce_id", b"?")) == "dead"


def test_delivery_state_counts_on_no_task_topic() -> None:
    """P1, H5: whatever such headers say there, the task runs, now, for the first time."""
    assert run(*((name, b"9999999999999") for name in DELIVERY_HEADERS)) == "done"
    assert run(*((name, b"\xff") for name in DELIVERY_HEADERS)) == "done"


def test_other_headers_stay_with_the_task() -> None:
    """H6: the handler sees them."""
    seen: list[str] = []
    record = replace(MINIMAL, headers=(*MINIMAL.headers, ("x-tenant", b"acme")))
    assert verdict(record, lambda _, context: seen.append(context.headers["x-tenant"]))["outcome"] == "done"
    assert seen == ["acme"]


def test_a_larger_value_is_not_parsed() -> None:
    """V2: one byte more than the limit."""
    task_type: TaskType[Email] = TASK_TYPES[0]
    value = (MINIMAL.value or b"").ljust(MAX_TASK_BYTES)
    assert decode(Record(TOPIC, None, value), task_type).payload.subject == "Hello"
    with pytest.raises(MalformedRecord, match="at most 1048576"):
        decode(Record(TOPIC, None, value + b" "), task_type)


def run(*headers: tuple[str, bytes | None]) -> str:
    outcome: str = verdict(Record(TOPIC, MINIMAL.key, MINIMAL.value, headers))["outcome"]
    return outcome
