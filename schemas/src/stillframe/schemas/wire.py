"""``encode`` and ``decode``: a task to the key, value and headers of a Kafka record, and back.

The value is authoritative: where a header repeats it, the two must agree. Nothing here quotes
content in an error: fields are named, values are not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple, overload

import orjson
from pydantic import BaseModel, JsonValue, ValidationError

from stillframe.schemas.bounds import MAX_TASK_BYTES, depth
from stillframe.schemas.declared import declared_names, show_path
from stillframe.schemas.envelope import Envelope, iso, task_fields
from stillframe.schemas.errors import (
    DecodeError,
    EncodeError,
    FrozenError,
    InvalidHeaders,
    InvalidPayload,
    MalformedRecord,
    PayloadTooLarge,
    UnknownTaskType,
    UnsupportedVersion,
)
from stillframe.schemas.frozen import MAX_DEPTH, FrozenMapping
from stillframe.schemas.headers import CE_ID, CE_SOURCE, CE_SPECVERSION, CE_TIME, CE_TYPE, CONTENT_TYPE
from stillframe.schemas.plain import plain_payload
from stillframe.schemas.record import Record, RecordHeaders
from stillframe.schemas.task import Task
from stillframe.schemas.task_type import P, TaskType

__all__ = ["MAX_DEPTH", "MAX_TASK_BYTES", "Encoded", "decode", "depth", "encode", "peek_type"]

#: A task of any type, its payload left as JSON.
ANY_ENVELOPE = Envelope[dict[str, JsonValue]]


class Encoded(NamedTuple):
    """What a task becomes: the parts of a record that do not depend on where it is sent."""

    key: bytes | None
    value: bytes
    headers: RecordHeaders


def encode(task: Task[Any], *, source: str = "stillframe", max_bytes: int = MAX_TASK_BYTES) -> Encoded:
    """Put a task on the wire.

    Args:
        source: CloudEvents ``source``: the name of the submitting service.
        max_bytes: the largest value to make.

    Raises:
        EncodeError: the payload has no faithful JSON form, or nests too deep.
        PayloadTooLarge: the value would exceed ``max_bytes``.
    """
    task_id = str(task.id)
    try:
        value = orjson.dumps(task_fields(task, task_id, plain_payload(task.payload)), option=orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError as error:
        raise EncodeError(f"task {task.type!r} {task.id} has no JSON form: {error}") from None
    except RecursionError:
        raise EncodeError(f"task {task.type!r} nests deeper than {MAX_DEPTH} levels") from None
    if len(value) > max_bytes:
        raise PayloadTooLarge(f"task {task.type!r}", size=len(value), limit=max_bytes)
    if depth(value) > MAX_DEPTH:
        raise EncodeError(f"task {task.type!r} nests deeper than {MAX_DEPTH} levels")
    headers = (
        (CE_SPECVERSION, b"1.0"),
        (CE_ID, task_id.encode()),
        (CE_TYPE, task.type.encode()),
        (CE_SOURCE, source.encode(errors="replace")),
        (CE_TIME, iso(task.created_at).encode()),
        (CONTENT_TYPE, b"application/json"),
    )
    return Encoded(task.key, value, headers)


@overload
def decode(record: Record, task_type: None = None, *, max_bytes: int = ...) -> Task[FrozenMapping]: ...
@overload
def decode(record: Record, task_type: TaskType[P], *, max_bytes: int = ...) -> Task[P]: ...
def decode(record: Record, task_type: TaskType[Any] | None = None, *, max_bytes: int = MAX_TASK_BYTES) -> Task[Any]:
    """Read a task from a record, strictly.

    Args:
        task_type: the type the record must be of; its payload is then an instance of the model.
            Without one any type is read, and the payload is frozen JSON.
        max_bytes: larger values are refused before they are parsed.

    Raises:
        MalformedRecord, UnsupportedVersion, UnknownTaskType, InvalidPayload, InvalidHeaders:
            see :class:`~stillframe.schemas.errors.DecodeError`.
    """
    value = _bounded(record.value, max_bytes)
    model: type[Envelope[Any]] = ANY_ENVELOPE if task_type is None else task_type.envelope
    try:
        # What `model_validate_json` calls, without its look at options that nobody has given.
        task: Task[Any] = model.__pydantic_validator__.validate_json(value).task(record.key)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - validators are the application's code, and may raise anything
        raise _explained(error, task_type) from None
    _check_headers(record, task)
    if task_type is None:
        return _with_frozen_payload(task)
    if task.type != task_type.name:
        raise UnknownTaskType(f"the record holds another task type than {task_type.name!r}")
    return task


def peek_type(record: Record) -> str:
    """The task type's name, from the header where there is one, else from the value.

    It only chooses what to decode with: :func:`decode` checks it against the value.
    """
    name = record.header(CE_TYPE)
    return decode(record).type if name is None else name.decode(errors="replace")


def _bounded(value: bytes | None, max_bytes: int) -> bytes:
    if value is None:
        raise MalformedRecord("the record has no value (a tombstone)")
    if len(value) > max_bytes:
        raise MalformedRecord(f"the value has {len(value)} bytes, at most {max_bytes} are parsed")
    if depth(value) > MAX_DEPTH:
        raise MalformedRecord(f"the value nests deeper than {MAX_DEPTH} levels")
    return value


def _explained(error: Exception, task_type: TaskType[Any] | None) -> DecodeError:
    """Our error for what parsing or validation raised."""
    match error:
        case ValidationError():
            return _faults(error, task_type)
        case FrozenError() | EncodeError():
            return MalformedRecord(f"the envelope cannot be frozen: {error}")
        case _:
            return InvalidPayload(f"a validator of the payload raised {type(error).__name__}")


def _faults(error: ValidationError, task_type: TaskType[Any] | None) -> DecodeError:
    """Where and of what kind pydantic's faults are, without input, message or context."""
    problems = error.errors(include_input=False, include_context=False, include_url=False)
    paths = [problem["loc"] for problem in problems]
    if any(path[:1] == ("schema",) for path in paths):
        return UnsupportedVersion("the envelope's schema version is missing or not one that this release reads (1)")
    payload: type[BaseModel] | None = None if task_type is None else task_type.payload
    known = ENVELOPE_NAMES if payload is None else ENVELOPE_NAMES | declared_names(payload)
    text = "; ".join(f"{show_path(problem['loc'], known)}: {problem['type']}" for problem in problems[:5])
    if paths and all(path[:1] == ("payload",) for path in paths):
        return InvalidPayload(f"{len(problems)} fault(s): {text}")
    return MalformedRecord(f"not a task envelope: {text}")


#: Only names that we or the payload model declared are shown: other keys are the sender's content.
ENVELOPE_NAMES = frozenset(
    {"schema", "id", "type", "created_at", "not_before", "expires_at", "payload", "snapshot"}
    | {"method", "path", "received_at", "route", "path_params", "query", "headers", "client", "principal"}
    | {"context", "body"}
)


def _check_headers(record: Record, task: Task[Any]) -> None:
    task_id = task_type = None
    for name, value in record.headers:  # the last of a name counts, as in Record.header()
        if name == CE_ID:
            task_id = value
        elif name == CE_TYPE:
            task_type = value
    for name, found, expected in ((CE_ID, task_id, str(task.id)), (CE_TYPE, task_type, task.type)):
        if found is not None and found != expected.encode():
            raise InvalidHeaders(f"header {name} contradicts the value")


def _with_frozen_payload(task: Task[dict[str, Any]]) -> Task[FrozenMapping]:
    try:
        return replace(task, payload=FrozenMapping(task.payload))  # type: ignore[arg-type,return-value]
    except FrozenError as error:
        raise InvalidPayload(f"the payload cannot be frozen: {error}") from None
