"""A task: one submission of a task type's payload."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import UUID

from stillframe.schemas.frozen import FrozenMapping, frozen, frozen_mapping, frozen_moment
from stillframe.schemas.snapshot import Snapshot

PayloadT = TypeVar("PayloadT")


@frozen
class Task(Generic[PayloadT]):
    """One submission, as it was made. How often it was delivered since is a :class:`Delivery`'s business.

    Attributes:
        id: UUIDv7, unless the caller chose another UUID.
        type: the task type's name.
        payload: an instance of the type's model; a :class:`FrozenMapping` where the model is not known.
        created_at: time of submission. This and the other times are in UTC, given in any time zone.
        key: the record key; ``None`` is unordered.
        snapshot: the request it came from, if any.
        not_before: earliest start (ETA).
        expires_at: a worker that reaches it later skips it.
        extra: envelope fields of a newer release, kept as they came.

    Raises:
        EncodeError: a time has no time zone.
    """

    id: UUID
    type: str
    payload: PayloadT
    created_at: datetime
    key: bytes | None = None
    snapshot: Snapshot | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    extra: FrozenMapping = FrozenMapping()

    def __post_init__(self) -> None:
        object.__setattr__(self, "created_at", frozen_moment(self.created_at, "created_at"))
        if self.not_before is not None:
            object.__setattr__(self, "not_before", frozen_moment(self.not_before, "not_before"))
        if self.expires_at is not None:
            object.__setattr__(self, "expires_at", frozen_moment(self.expires_at, "expires_at"))
        if type(self.extra) is not FrozenMapping:
            object.__setattr__(self, "extra", frozen_mapping(self.extra))

    def expired(self, now: datetime | None = None) -> bool:
        return self.expires_at is not None and self.expires_at <= (now or datetime.now(UTC))

    def __repr__(self) -> str:
        return f"<Task {self.type} {self.id}>"
