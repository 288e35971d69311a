"""What the wire may carry, as Hypothesis strategies: JSON values, snapshots, tasks, records and garbage."""

import dataclasses
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st
from pydantic import BaseModel

from stillframe.schemas import FrozenMapping, Headers, Query, Record, Snapshot, Task, TaskType

#: With a space, so that it is no task type: their names are shown.
CANARY = "canary 4711"

texts = st.text(st.characters(codec="utf-8"), max_size=20)
numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
leaves = st.none() | st.booleans() | numbers | texts
json_values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
json_objects = st.dictionaries(texts, json_values, max_size=5)
pairs = st.lists(st.tuples(texts, texts), max_size=5)
zones = st.integers(-1_439, 1_439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# The bounds of st.datetimes() are naive by its contract.
YEARS = (datetime(2, 1, 1), datetime(9998, 12, 31))  # noqa: DTZ001
moments = st.datetimes(*YEARS, timezones=st.just(UTC) | zones)


def unknown_fields(known: Any) -> st.SearchStrategy[FrozenMapping]:
    """Fields of a newer release: any name that this one does not use itself."""
    names = {field.name for field in dataclasses.fields(known)} | {"schema"}
    return st.dictionaries(texts.filter(lambda name: name not in names), json_values, max_size=2).map(FrozenMapping)


snapshots = st.builds(
    Snapshot,
    method=texts,
    path=texts,
    received_at=moments,
    route=st.none() | texts,
    path_params=json_objects.map(FrozenMapping),
    query=pairs.map(Query.of),
    headers=pairs.map(Headers.of),
    client=st.none() | texts,
    principal=st.none() | texts,
    context=json_objects.map(FrozenMapping),
    body=st.none() | st.binary(max_size=50),
    extra=unknown_fields(Snapshot),
)


class Parcel(BaseModel):
    """A payload with a field of every kind."""

    number: int = 0
    weight: float = 0.0
    text: str = ""
    flags: list[bool] = []
    nested: dict[str, "Parcel"] = {}
    anything: Any = None


#: Its topic and key are of no interest here.
parcel = TaskType("parcel", Parcel, topic="parcels")

payloads = st.builds(
    Parcel,
    number=st.integers(-(2**63), 2**64 - 1),
    weight=st.floats(allow_nan=False, allow_infinity=False),
    text=texts,
    flags=st.lists(st.booleans(), max_size=3),
    nested=st.dictionaries(texts, st.builds(Parcel, text=texts), max_size=2),
    anything=json_values,
)


def tasks_of(payload: st.SearchStrategy[Any]) -> st.SearchStrategy[Task[Any]]:
    """Tasks of type ``parcel`` around a payload."""
    return st.builds(
        Task,
        id=st.uuids(),
        type=st.just("parcel"),
        payload=payload,
        created_at=moments,
        key=st.none() | st.binary(max_size=20),
        snapshot=st.none() | snapshots,
        not_before=st.none() | moments,
        expires_at=st.none() | moments,
        extra=unknown_fields(Task),
    )


tasks = tasks_of(payloads)
untyped_tasks = tasks_of(json_objects.map(FrozenMapping))

#: JSON that is legal or nearly so, and of the kinds that parsers disagree about.
odd_json = st.sampled_from([
    b"NaN", b"-Infinity", b"1e400", b"-0", b"9" * 400, b"9" * 5_000, b"1." + b"0" * 999, b"tru", b"",
    b'"\\ud800"', b'"\\u0000"', b'{"a":1,"a":2}', b"[" * 70, b"[" * 70 + b"]" * 70, b'{"":{"":[]}}',
    b"\xef\xbb\xbf{}", b"{}{}",
    b'"' + CANARY.encode() + b'"', b"[[],[]]", b"0x10", b"'a'", b"/**/1", b"[1,]", b'"\xff"', b'{"schema":1}',
])  # fmt: skip


def records(value: st.SearchStrategy[bytes | None]) -> st.SearchStrategy[Record]:
    """Records with any headers around a value."""
    names = st.sampled_from(["ce_id", "ce_type", "content-type", "stillframe-attempt"]) | texts
    headers = st.lists(st.tuples(names, st.none() | st.binary(max_size=20)), max_size=4).map(tuple)
    return st.builds(Record, topic=st.just("t"), key=st.none() | st.binary(max_size=5), value=value, headers=headers)


def same(one: Any, other: Any) -> bool:
    """Equal to the last type and sign: ``1``, ``1.0`` and ``True`` differ, and so do ``0.0`` and ``-0.0``."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return bool(one == other)
