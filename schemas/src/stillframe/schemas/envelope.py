"""The JSON object in a record's value, as pydantic models: one place that knows the wire's field names."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from typing import Any, Final, Generic, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from stillframe.schemas.fields import Headers, Query
from stillframe.schemas.frozen import FrozenMapping, thaw
from stillframe.schemas.snapshot import Snapshot
from stillframe.schemas.task import PayloadT, Task

SCHEMA_VERSION = 1

#: What a task may be called: a name that can be shown anywhere, without space, quote or control character.
TYPE_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"

Pairs = list[tuple[str, str]]
NO_EXTRA: Final = FrozenMapping()


class SnapshotEnvelope(BaseModel):
    """A snapshot on the wire: repeated names as pairs, the body as base64."""

    model_config = ConfigDict(extra="allow", val_json_bytes="base64")

    method: str
    path: str
    received_at: AwareDatetime
    route: str | None = None
    path_params: dict[str, Any] = {}
    query: Pairs = []
    headers: Pairs = []
    client: str | None = None
    principal: str | None = None
    context: dict[str, Any] = {}
    body: bytes | None = None

    def snapshot(self) -> Snapshot:
        return Snapshot(
            method=self.method,
            path=self.path,
            received_at=self.received_at,
            route=self.route,
            path_params=FrozenMapping(self.path_params),
            query=Query.of(self.query),
            headers=Headers.of(self.headers),
            client=self.client,
            principal=self.principal,
            context=FrozenMapping(self.context),
            body=self.body,
            extra=FrozenMapping(self.model_extra or {}),
        )


class Envelope(BaseModel, Generic[PayloadT]):
    """A task on the wire, version 1. Fields it does not know are kept."""

    model_config = ConfigDict(extra="allow")

    version: Literal[1] = Field(alias="schema")
    id: UUID
    type: str = Field(pattern=f"^{TYPE_NAME}$")
    created_at: AwareDatetime
    not_before: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    payload: PayloadT
    snapshot: SnapshotEnvelope | None = None

    def task(self, key: bytes | None) -> Task[PayloadT]:
        return Task(
            id=self.id,
            type=self.type,
            payload=self.payload,
            created_at=self.created_at,
            key=key,
            snapshot=None if self.snapshot is None else self.snapshot.snapshot(),
            not_before=self.not_before,
            expires_at=self.expires_at,
            extra=FrozenMapping(self.model_extra) if self.model_extra else NO_EXTRA,
        )


def snapshot_fields(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as the JSON object that :class:`SnapshotEnvelope` reads."""
    body = snapshot.body
    extra: dict[str, Any] = thaw(snapshot.extra)
    return extra | {
        "method": snapshot.method,
        "path": snapshot.path,
        "received_at": snapshot.received_at,
        "route": snapshot.route,
        "path_params": thaw(snapshot.path_params),
        "query": snapshot.query.pairs,
        "headers": snapshot.headers.pairs,
        "client": snapshot.client,
        "principal": snapshot.principal,
        "context": thaw(snapshot.context),
        "body": None if body is None else b64encode(body).decode(),
    }


def task_fields(task: Task[Any], task_id: str, payload: Any) -> dict[str, Any]:
    """A task, its id as text and its payload as plain values, as the JSON object that :class:`Envelope` reads."""
    extra: dict[str, Any] = thaw(task.extra) if task.extra else {}
    return extra | {
        "schema": SCHEMA_VERSION,
        "id": task_id,
        "type": task.type,
        "created_at": task.created_at,
        "not_before": task.not_before,
        "expires_at": task.expires_at,
        "payload": payload,
        "snapshot": task.snapshot and snapshot_fields(task.snapshot),
    }


def iso(moment: datetime) -> str:
    """RFC 3339, as CloudEvents wants ``ce_time``."""
    return moment.isoformat().replace("+00:00", "Z")
