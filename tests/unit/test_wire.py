"""encode and decode: what lies in a record, and what comes back."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, Json, computed_field

from stillframe.schemas import FrozenMapping, Headers, Query, Record, Snapshot, Task, TaskType, decode, encode
from stillframe.schemas.wire import peek_type

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
ID = UUID("0198c0de-0000-7000-8000-000000000001")


class Email(BaseModel):
    to: str
    size: int | None = None


send_email = TaskType("send_email", Email, topic="emails")


def record_of(task: Task[Any]) -> Record:
    encoded = encode(task, source="shop")
    return Record("emails", encoded.key, encoded.value, encoded.headers, partition=0, offset=3)


def email_task(**changes: Any) -> Task[Email]:
    parts: dict[str, Any] = {"id": ID, "type": "send_email", "payload": Email(to="ada"), "created_at": NOON}
    return Task(**parts | changes)


def test_the_wire_is_as_the_design_says() -> None:
    """Names, order and forms of a record are a contract with other languages: here it is, byte by byte."""
    snapshot = Snapshot(
        method="POST",
        path="/é",
        received_at=NOON,
        query=Query((("a", "1"), ("a", ""))),
        headers=Headers((("X-Request-ID", "r1"),)),
        body=b"\xfb\xff",
    )
    encoded = encode(email_task(key=b"ada", not_before=NOON, snapshot=snapshot), source="shop")
    assert encoded.key == b"ada"
    assert encoded.headers == (
        ("ce_specversion", b"1.0"),
        ("ce_id", str(ID).encode()),
        ("ce_type", b"send_email"),
        ("ce_source", b"shop"),
        ("ce_time", b"2026-01-02T12:00:00Z"),
        ("content-type", b"application/json"),
    )
    assert json.loads(encoded.value) == {
        "schema": 1,
        "id": str(ID),
        "type": "send_email",
        "created_at": "2026-01-02T12:00:00Z",
        "not_before": "2026-01-02T12:00:00Z",
        "expires_at": None,
        "payload": {"to": "ada", "size": None},
        "snapshot": {
            "method": "POST",
            "path": "/é",
            "received_at": "2026-01-02T12:00:00Z",
            "route": None,
            "path_params": {},
            "query": [["a", "1"], ["a", ""]],
            "headers": [["X-Request-ID", "r1"]],
            "client": None,
            "principal": None,
            "context": {},
            "body": "+/8=",
        },
    }


def test_a_task_comes_back_typed_or_as_frozen_json() -> None:
    """With its task type the payload is the model; without, frozen JSON; all else is the same."""
    task = email_task(key=b"k")
    assert decode(record_of(task), send_email) == task
    untyped: Any = replace(task, payload=FrozenMapping({"to": "ada", "size": None}))  # type: ignore[arg-type]
    assert decode(record_of(task)) == untyped


def test_what_was_decoded_encodes_to_the_same_bytes() -> None:
    """decode → encode changes nothing, for either form."""
    record = record_of(email_task(snapshot=Snapshot(method="GET", path="/", received_at=NOON, body=b"")))
    assert encode(decode(record)).value == record.value
    assert encode(decode(record, send_email)).value == record.value


@pytest.mark.parametrize("name", ["future", "version", "model_extra", "task", "__class__", "copy", "payload2", ""])
def test_unknown_fields_survive(name: str) -> None:
    """Fields of a newer release, whatever their name, are kept in envelope and snapshot."""
    task = email_task(snapshot=Snapshot(method="GET", path="/", received_at=NOON))
    written = json.loads(encode(task).value)
    written[name] = {"a": [1, None]}
    written["snapshot"][name] = [{"b": 2.5}]
    decoded = decode(Record("emails", None, json.dumps(written).encode()), send_email)
    assert decoded.extra == FrozenMapping({name: {"a": [1, None]}})
    assert json.loads(encode(decoded).value) == written


def test_a_64_bit_integer_survives_in_both_forms() -> None:
    """The largest integer JSON can carry comes back as itself."""
    task = email_task(payload=Email(to="a", size=2**64 - 1))
    assert decode(record_of(task), send_email).payload.size == 2**64 - 1
    assert decode(record_of(task)).payload["size"] == 2**64 - 1


def test_a_larger_integer_of_another_writer_is_exact_or_refused() -> None:
    """A typed payload has all digits of it; frozen JSON refuses it. A float never stands in for it."""
    value = encode(email_task(payload=Email(to="a", size=1))).value.replace(b'"size":1', b'"size":%d' % 10**30)
    assert decode(Record("emails", None, value), send_email).payload.size == 10**30
    with pytest.raises(ValueError, match="beyond 64 bits"):
        decode(Record("emails", None, value))


class Rich(BaseModel):
    model_config = ConfigDict(populate_by_name=True, extra="forbid")
    kind: str = Field(alias="@type")
    numbers: Json[list[int]] = [1]

    @computed_field
    def total(self) -> int:
        return sum(self.numbers)


def test_aliases_json_strings_and_computed_fields_survive() -> None:
    """What pydantic writes is what pydantic accepts, also for fields whose two forms differ."""
    rich = TaskType("rich", Rich, topic="t")
    task = Task(id=ID, type="rich", payload=Rich(kind="x", numbers="[1, 2]"), created_at=NOON)
    assert decode(record_of(task), rich).payload == task.payload


def test_peeking_uses_the_header_or_the_value() -> None:
    """The type's name is found with and without headers; a forged header only chooses what refuses it."""
    record = record_of(email_task())
    assert peek_type(record) == "send_email"
    assert peek_type(replace(record, headers=())) == "send_email"
    assert peek_type(replace(record, headers=(("ce_type", b"\xff"),))) == "\ufffd"


def test_a_source_in_any_text_is_written() -> None:
    """A service name that is not UTF-8 does not stop a task."""
    assert ("ce_source", b"?") in encode(email_task(), source="\ud800").headers
