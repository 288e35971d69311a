"""decode: each fault has its error, each error says what was wrong, none quotes what was sent."""

import json
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, field_validator

from stillframe.schemas import (
    DecodeError,
    InvalidHeaders,
    InvalidPayload,
    MalformedRecord,
    Record,
    Snapshot,
    Task,
    TaskType,
    UnknownTaskType,
    UnsupportedVersion,
    decode,
    encode,
    uuid7,
)

CANARY = "canary-4711"
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


class Item(BaseModel):
    price: int


class Order(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    items: dict[str, Item] = {}
    note: str = ""
    hook: Callable[[], None] | None = None

    @field_validator("note")
    @classmethod
    def no_boom(cls, note: str) -> str:
        if note == "boom":
            raise KeyError(CANARY)
        if note == "bad":
            raise ValueError(CANARY)
        return note


order = TaskType("order", Order, topic="orders")


def valid() -> dict[str, Any]:
    snapshot = Snapshot(method="GET", path="/", received_at=NOON)
    encoded = encode(Task(id=uuid7(), type="order", payload=Order(), created_at=NOON, snapshot=snapshot))
    envelope: dict[str, Any] = json.loads(encoded.value)
    return envelope


def refusal(value: bytes | None, task_type: TaskType[Any] | None = order, **parts: Any) -> DecodeError:
    with pytest.raises(DecodeError) as refused:
        decode(Record("orders", None, value, **parts), task_type)
    shown = "".join(traceback.format_exception(refused.value))
    assert CANARY not in shown.replace(f'CANARY = "{CANARY}"', "")
    assert len(str(refused.value)) < 1_000
    return refused.value


def changed(path: str, value: Any) -> bytes:
    envelope = valid()
    target = envelope
    *outer, name = path.split(".")
    for step in outer:
        target = target[step]
    target[name] = value
    return json.dumps(envelope).encode()


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"5",
        b"{",
        b"{}" * 2,
        b"\xef\xbb\xbf" + json.dumps({"schema": 1}).encode(),
        json.dumps({"schema": 1}).encode("utf-16"),
        b"\xff\xfe\x00",
        b'{"schema":1,"payload":' + b"9" * 5_000 + b"}",
        b'{"schema":1,"a":"\\ud800"}',
        b'{"schema":1,' + CANARY.encode() + b"}",
    ],
)
def test_what_is_no_envelope_is_malformed(value: bytes) -> None:
    """Not JSON, not an object, a byte order mark, another encoding, a number no one can hold."""
    for task_type in (order, None):
        assert isinstance(refusal(value, task_type), MalformedRecord | UnsupportedVersion)


def test_a_tombstone_is_named() -> None:
    """A record without a value is not a task."""
    assert str(refusal(None)) == "the record has no value (a tombstone)"


def test_size_and_depth_are_looked_at_before_parsing() -> None:
    """The bounds hold exactly, and their errors give the numbers."""
    value = json.dumps(valid()).encode()
    decode(Record("t", None, value), max_bytes=len(value))
    with pytest.raises(MalformedRecord, match=f"has {len(value)} bytes, at most {len(value) - 1}"):
        decode(Record("t", None, value), max_bytes=len(value) - 1)
    deep = b"[" * 62 + b"]" * 62
    assert "nests" not in str(refusal(changed("payload", {"a": "DEEP"}).replace(b'{"a": "DEEP"}', deep)))
    assert "64 levels" in str(refusal(changed("payload", 0).replace(b'"payload": 0', b'"payload":' + b"[" * 100_000)))


@pytest.mark.parametrize("version", [0, 2, "1", None, 1.5, [1], {"major": 1}, 10**40])
def test_another_version_is_never_guessed_at(version: Any) -> None:
    """Whatever else is wrong with it, a record of another version is reported as that."""
    assert isinstance(refusal(json.dumps({"schema": version, "x": CANARY}).encode()), UnsupportedVersion)
    assert isinstance(refusal(b"{}"), UnsupportedVersion)


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("id", CANARY, "id"),
        ("type", 5, "type"),
        ("type", f"{CANARY}\n", "type: string_pattern_mismatch"),
        ("type", "x" * 129, "type: string_pattern_mismatch"),
        ("created_at", CANARY, "created_at"),
        ("created_at", "2026-01-02T12:00:00", "created_at: timezone_aware"),
        ("not_before", "9999-12-31T23:59:59-14:00", "not_before lies outside"),
        ("expires_at", "0001-01-01T00:00:00+14:00", "expires_at lies outside"),
        ("snapshot", CANARY, "snapshot"),
        ("snapshot.body", f"{CANARY}!", "snapshot.body"),
        ("snapshot.headers", [["a"]], "snapshot.headers.0"),
        ("snapshot.query", [["a", 5]], "snapshot.query.0.1"),
        ("snapshot.context", {CANARY: 2**64}, "beyond 64 bits"),
        ("snapshot.context", {CANARY: float("nan")}, "not finite"),
        ("snapshot.context", [CANARY], "snapshot.context"),
        ("snapshot.path", None, "snapshot.path"),
        (CANARY, 2**70, "beyond 64 bits"),
    ],
)
def test_a_fault_in_the_envelope_is_named(path: str, value: Any, where: str) -> None:
    """The field and the kind of fault are in the message; the value is not."""
    for task_type in (order, None):
        error = refusal(changed(path, value), task_type)
        assert isinstance(error, MalformedRecord)
        assert where in str(error)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"items": {CANARY: {"price": CANARY}}}, r"1 fault(s): payload.items.*.price: int_parsing"),
        ({"note": "bad"}, "1 fault(s): payload.note: value_error"),
        ({"note": "boom"}, "a validator of the payload raised KeyError"),
        ([CANARY], "1 fault(s): payload: model_type"),
        (
            {"items": {str(number): {} for number in range(50)}},
            "50 fault(s): payload.items.*.price: missing; ",
        ),
    ],
)
def test_a_payload_that_does_not_fit_is_named(payload: Any, message: str) -> None:
    """Declared fields are named, keys are not; what a validator raises stays in."""
    error = refusal(changed("payload", payload))
    assert isinstance(error, InvalidPayload)
    assert str(error).startswith(message)


def test_a_payload_that_json_cannot_hold_is_refused_when_untyped() -> None:
    """Without a model, the payload is an object of plain JSON or it is refused."""
    assert isinstance(refusal(changed("payload", [1]), None), InvalidPayload)
    assert isinstance(refusal(changed("payload", {"a": 2**64}), None), InvalidPayload)
    assert isinstance(refusal(changed("payload", {"a": float("inf")}), None), InvalidPayload)


def test_another_task_type_is_unknown() -> None:
    """A task is never validated as something it is not; its own type's name is the sender's word."""
    assert isinstance(refusal(changed("type", CANARY)), UnknownTaskType)


@pytest.mark.parametrize("name", ["ce_id", "ce_type"])
@pytest.mark.parametrize("value", [CANARY.encode(), b"", b"\xff"])
def test_a_header_that_contradicts_the_value_is_refused(name: str, value: bytes) -> None:
    """The value is authoritative, and a record that says two things is not run."""
    error = refusal(json.dumps(valid()).encode(), headers=((name, value),))
    assert isinstance(error, InvalidHeaders)
    assert name in str(error)


def test_a_bug_of_ours_is_not_hidden_as_content() -> None:
    """Running out of memory is not the sender's fault: it is no DecodeError."""

    class Hungry(BaseModel):
        size: int

        @field_validator("size")
        @classmethod
        def starve(cls, size: int) -> int:
            raise MemoryError

    with pytest.raises(MemoryError):
        decode(Record("t", None, changed("payload", {"size": 1})), TaskType("order", Hungry, topic="t"))
