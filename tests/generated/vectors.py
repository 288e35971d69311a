"""The test vectors of the wire format: tasks and the records they become, and records that are no tasks."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import orjson

from stillframe.schemas import Record, Task, decode, encode
from tests.generated.murmur2 import partition_of
from tests.generated.schema import as_json
from tests.generated.vectors_invalid import INVALID
from tests.generated.vectors_valid import VALID
from tests.generated.vectors_worker import TOPIC, verdict

#: Numbers of partitions for which a vector says where its key goes.
PARTITIONS = (1, 3, 7, 12, 64)


def vectors() -> dict[str, str]:
    """By path below docs/."""
    return {f"wire-format/vectors/{name}.json": as_json(vector) for name, vector in _vectors()}


def _vectors() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, (rules, about, asked) in VALID.items():
        yield f"valid/{name}", {"about": about, "rules": rules, **_valid(asked)}
    for name, (rules, about, value, headers) in INVALID.items():
        record = Record(TOPIC, b"ada@example.com", value, headers)
        parts = {"record": _record(record), "worker": verdict(record)}
        yield f"invalid/{name}", {"about": about, "rules": rules, **parts}


def _valid(asked: dict[str, Any]) -> dict[str, Any]:
    """A task as its submitter has it, the record, and the partition of its key for some numbers of partitions."""
    record = Record(TOPIC, *encode(_task(asked), source=asked["source"]))
    key = record.key
    return {
        "task": asked,
        "record": _record(record),
        "partitions": None if key is None else {str(count): partition_of(key, count) for count in PARTITIONS},
        "worker": verdict(record),
    }


def _task(asked: dict[str, Any]) -> Task[Any]:
    fields = {name: value for name, value in asked.items() if name not in {"source", "key"}}
    key = asked["key"]
    return decode(Record(TOPIC, None if key is None else key.encode(), orjson.dumps({"schema": 1, **fields})))


def _record(record: Record) -> dict[str, Any]:
    headers = [[name, (value or b"").decode()] for name, value in record.headers]
    return {"key": _text(record.key), "headers": headers, "value": _text(record.value)}


def _text(raw: bytes | None) -> Any:
    """Text where there is any, which is easier to read; else base64, and marked as such."""
    try:
        return None if raw is None else raw.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(raw or b"").decode()}
