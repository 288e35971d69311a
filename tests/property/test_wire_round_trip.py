"""Whatever can be built survives the trip through a Kafka record unchanged."""

import copy
import json
import pickle
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from stillframe.schemas import EncodeError, FrozenMapping, Record, Snapshot, Task, decode, encode, thaw
from tests.property.wire_values import (
    Parcel,
    json_objects,
    parcel,
    payloads,
    same,
    snapshots,
    tasks,
    untyped_tasks,
)

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def through_kafka(task: Task[Any]) -> Record:
    encoded = encode(task)
    return Record("parcels", encoded.key, encoded.value, encoded.headers, partition=0, offset=0)


@given(snapshots)
def test_snapshots_survive_copy_and_pickle(snapshot: Snapshot) -> None:
    """copy, deepcopy and pickle give an equal snapshot with the same hash."""
    for again in (copy.copy(snapshot), copy.deepcopy(snapshot), pickle.loads(pickle.dumps(snapshot))):
        assert again == snapshot
        assert hash(again) == hash(snapshot)


@given(tasks)
def test_typed_tasks_survive(task: Task[Parcel]) -> None:
    """Every part of a task, unknown fields included, comes back equal and of the same types."""
    again = decode(through_kafka(task), parcel)
    assert again == task
    assert same(again.payload.model_dump(), task.payload.model_dump())
    assert same(thaw(again.extra), thaw(task.extra))
    if again.snapshot and task.snapshot:
        assert hash(again.snapshot) == hash(task.snapshot)
        assert same(thaw(again.snapshot.context), thaw(task.snapshot.context))
        assert same(thaw(again.snapshot.extra), thaw(task.snapshot.extra))


@given(untyped_tasks)
def test_untyped_tasks_survive(task: Task[FrozenMapping]) -> None:
    """A task whose model is not known here survives with its payload as frozen JSON."""
    again = decode(through_kafka(task))
    assert again == task
    assert hash(again) == hash(task)
    assert same(thaw(again.payload), thaw(task.payload))
    assert encode(again) == encode(task)


@given(tasks, json_objects, json_objects)
def test_fields_of_a_newer_release_survive(
    task: Task[Parcel], envelope_fields: dict[str, Any], snapshot_fields: dict[str, Any]
) -> None:
    """A record with unknown fields is written back with them, whatever they are called."""
    written = json.loads(encode(task).value)
    written = envelope_fields | written
    if written["snapshot"]:
        written["snapshot"] = snapshot_fields | written["snapshot"]
    value = json.dumps(written).encode()
    assert json.loads(encode(decode(Record("t", None, value), parcel)).value) == written


@given(payloads, st.integers())
def test_integers_are_exact_or_refused(payload: Parcel, number: int) -> None:
    """An integer of any size arrives with all its digits or its task is refused; it never becomes a float."""
    task = Task(
        id=UUID(int=1),
        type="parcel",
        payload=payload.model_copy(update={"number": number * 10**12, "anything": [number]}),
        created_at=NOON,
    )
    try:
        record = through_kafka(task)
    except EncodeError:
        assert abs(number * 10**12) >= 2**63
        return
    again = decode(record, parcel).payload
    assert same([again.number, again.anything], [number * 10**12, [number]])
