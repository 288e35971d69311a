"""Task ids: UUIDs of version 7, so that ids sort by the time of submission."""

from __future__ import annotations

import os
import time
from uuid import UUID

from stillframe.schemas.errors import DefinitionError


def uuid7() -> UUID:
    """A new UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then 74 random bits.

    The bits come from the kernel at each call: a generator seeded in this process would give
    the children of a forking web server the same ids.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    return UUID(
        int=(milliseconds & 0xFFFF_FFFF_FFFF) << 80
        | 0x7 << 76
        | (random >> 68) << 64
        | 0b10 << 62
        | random & 0x3FFF_FFFF_FFFF_FFFF
    )


def parse_task_id(task_id: str | UUID) -> UUID:
    """The id a caller chose, of any UUID version.

    Raises:
        DefinitionError: it is not a UUID.
    """
    try:
        return task_id if isinstance(task_id, UUID) else UUID(task_id)
    except (ValueError, AttributeError, TypeError):
        raise DefinitionError(
            f"task_id is a {type(task_id).__name__} that is not a UUID: "
            "derive one from your own key with uuid.uuid5()"
        ) from None
