"""The wire of Stillframe: snapshots, task types, tasks, and how they lie in Kafka records.

It imports pydantic and orjson, no Kafka, and does no I/O.
"""

from stillframe.schemas.errors import (
    DecodeError,
    DefinitionError,
    EncodeError,
    FrozenError,
    InvalidHeaders,
    InvalidPayload,
    MalformedRecord,
    PayloadTooLarge,
    SettingsError,
    StillframeError,
    UnknownTaskType,
    UnsupportedVersion,
)
from stillframe.schemas.fields import Headers, Query
from stillframe.schemas.frozen import FrozenMapping, freeze, thaw
from stillframe.schemas.identity import uuid7
from stillframe.schemas.record import Delivery, Record
from stillframe.schemas.snapshot import Snapshot
from stillframe.schemas.task import Task
from stillframe.schemas.task_type import TaskType
from stillframe.schemas.wire import Encoded, decode, encode

__all__ = [
    "DecodeError",
    "DefinitionError",
    "Delivery",
    "EncodeError",
    "Encoded",
    "FrozenError",
    "FrozenMapping",
    "Headers",
    "InvalidHeaders",
    "InvalidPayload",
    "MalformedRecord",
    "PayloadTooLarge",
    "Query",
    "Record",
    "SettingsError",
    "Snapshot",
    "StillframeError",
    "Task",
    "TaskType",
    "UnknownTaskType",
    "UnsupportedVersion",
    "decode",
    "encode",
    "freeze",
    "thaw",
    "uuid7",
]
