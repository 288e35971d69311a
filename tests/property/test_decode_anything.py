"""decode, fed with anything at all: a task or a DecodeError, and never a word of the content in the error."""

import contextlib
import json
import traceback
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from stillframe.schemas import DecodeError, Record, Task, decode, encode
from stillframe.schemas.wire import peek_type
from tests.property.wire_values import CANARY, json_values, odd_json, parcel, records, tasks


def digest(record: Record) -> Task[Any] | None:
    """Decode in both forms; anything but a task or a DecodeError fails the test."""
    task: Task[Any] | None = None
    shown: list[str] = []
    for task_type in (parcel, None):
        try:
            task = decode(record, task_type)
        except DecodeError as error:
            shown.append(str(error)[:2_000] + repr(error) + "".join(traceback.format_exception(error)))
        else:
            shown.append(repr(task) + repr(task.snapshot) + repr(task.extra))
    with contextlib.suppress(DecodeError):
        peek_type(record)
    shown.append(repr(record))
    assert CANARY not in "".join(shown)
    assert max(map(len, shown)) < 10_000
    return task


@given(records(st.none() | st.binary(max_size=300)))
def test_any_bytes(record: Record) -> None:
    """Random bytes are never more than a DecodeError."""
    digest(record)


@given(records(odd_json | json_values.map(lambda value: json.dumps(value).encode())))
def test_any_json(record: Record) -> None:
    """JSON that is no task, and almost JSON, are never more than a DecodeError."""
    digest(record)


@given(tasks, st.data())
def test_broken_envelopes(task: Task[Any], data: st.DataObject) -> None:
    """A valid record with bytes cut, added or flipped anywhere is a task or a DecodeError."""
    value = bytearray(encode(task).value)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(value)))
        match data.draw(st.sampled_from(["cut", "add", "flip", "repeat", "end"])):
            case "cut":
                del value[at : at + data.draw(st.integers(1, 20))]
            case "add":
                value[at:at] = data.draw(odd_json | st.binary(max_size=5))
            case "flip" if at < len(value):
                value[at] ^= 1 << data.draw(st.integers(0, 7))
            case "repeat":
                value[at:at] = value[at : at + 30]
            case "end":
                del value[at:]
    digest(Record("t", None, bytes(value)))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every part of a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, item in items for found in places(item, (*path, name)))]


def with_part(value: Any, path: tuple[Any, ...], part: Any) -> Any:
    if not path:
        return part
    value[path[0]] = with_part(value[path[0]], path[1:], part)
    return value


MARK = "\x00mark\x00"
wrong_parts = odd_json | json_values.map(lambda value: json.dumps(value).encode()) | st.sampled_from([
    f'{{"{CANARY}":["{CANARY}"]}}'.encode(), f'[["{CANARY}","{CANARY}"]]'.encode(),
    b'"2024-01-01T00:00:00+23:59"', b'"9999-12-31T23:59:59.999999-23:59"', b'"0001-01-01T00:00:00+23:59"',
    b"1e300", b"-1", b'"====="',
])  # fmt: skip


@given(tasks, st.data())
def test_envelopes_with_a_wrong_part(task: Task[Any], data: st.DataObject) -> None:
    """A valid record in which any part is replaced by anything is a task or a DecodeError."""
    envelope = json.loads(encode(task).value)
    path = data.draw(st.sampled_from(places(envelope)))
    marked = json.dumps(with_part(envelope, path, MARK)).encode()
    value = marked.replace(json.dumps(MARK).encode(), data.draw(wrong_parts))
    digest(Record("t", None, value))


@given(
    st.sampled_from([b"[", b'{"a":', b'[{"a":', b'"', b"\\", b'"\\', b"9", b"-", b"[[],", b'{"schema":1,']),
    st.integers(1, 5_000),
)
@example(b"[", 1_000_000)
@example(b'{"a":', 200_000)
@example(b'"\\"', 300_000)
@example(b'""', 500_000)
@example(b"9", 1_000_000)
def test_deep_and_huge(part: bytes, times: int) -> None:
    """Depth and size up to the cap cost a DecodeError, neither a stack nor a crash."""
    assert digest(Record("t", None, part * times)) is None


def test_the_content_of_a_valid_task_is_not_shown() -> None:
    """A task full of canaries shows none in any repr."""
    when = "2026-01-01T00:00:00Z"
    body = {
        "schema": 1, "id": "0198c0de-0000-7000-8000-000000000001", "type": "parcel", "created_at": when,
        "payload": {"text": CANARY, "anything": {CANARY: CANARY}}, CANARY: CANARY,
        "snapshot": {
            "method": "GET", "path": CANARY, "received_at": when, "principal": CANARY, "client": CANARY,
            "query": [[CANARY, CANARY]], "headers": [["a", CANARY]], "context": {CANARY: CANARY},
            CANARY: CANARY,
        },
    }  # fmt: skip
    task = digest(Record("t", CANARY.encode(), json.dumps(body).encode(), (("x", CANARY.encode()),)))
    assert task is not None
    assert task.snapshot is not None
    for shown in (task, task.snapshot, task.snapshot.query, task.snapshot.headers, task.snapshot.context):
        assert CANARY not in repr(shown) + str(shown)
