"""Dead letters as an operator sees them: what died, of what, how often. Pure.

Identity and cause are read from headers, so that listing decodes nothing. The headers are untrusted:
what cannot be read is left empty, and nothing read here decides how a task is run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.schemas import InvalidHeaders, Record
from stillframe.schemas.headers import (
    CE_ID,
    CE_TYPE,
    MOST_ATTEMPTS,
    DeliveryState,
    clip,
    read_delivery_state,
    with_delivery_state,
)
from stillframe.schemas.record import RecordHeaders
from stillframe.schemas.topics import Tier

#: Bytes shown of an id or type out of a header.
SHOWN: Final = 128
LARGEST_NUMBER: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Position:
    """Partition and offset in a dead-letter topic."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"


#: How an operator names a dead letter: a task's id, or a place in the dead-letter topic.
Name = UUID | Position


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record of a dead-letter topic.

    Attributes:
        died_at: when it was written there, in epoch milliseconds.
        state: its delivery headers; an empty one if they cannot be read.
        task_id, task_type: as its headers have it.
    """

    record: Record
    died_at: int
    state: DeliveryState
    task_id: str | None
    task_type: str | None

    @classmethod
    def read(cls, record: Record, died_at: int) -> DeadLetter:
        """Read the headers; nothing in a record can raise here."""
        try:
            state = read_delivery_state(record)
        except InvalidHeaders:
            state = DeliveryState(error_type="unreadable headers")
        return cls(record, died_at, state, _shown(record.header(CE_ID)), _shown(record.header(CE_TYPE)))

    @property
    def position(self) -> Position:
        return Position(self.record.partition, self.record.offset)

    @property
    def names(self) -> tuple[Name, ...]:
        """What an operator may call it; an id that is none has no name."""
        try:
            return self.position, UUID(self.task_id or "")
        except ValueError:
            return (self.position,)

    @property
    def order(self) -> tuple[str, int, int]:
        """By origin, so that the tasks of a key go back in the order in which they came."""
        origin = self.state.origin
        if origin is None:
            return self.record.topic, self.record.partition, self.record.offset
        return origin.topic, origin.partition, origin.offset

    def redriven(self, tier: Tier, now: int) -> RecordHeaders:
        """The headers with which it goes back: due now, as if it had never been tried, counted once more.

        Origin and last error stay. The time of the first failure goes: a limit on a task's age since
        then would otherwise give it up again at once.
        """
        state = replace(
            self.state,
            attempt=1,
            not_before=now,
            first_failed_at=None,
            retry_tier=tier.name,
            replayed=min(self.state.replayed + 1, MOST_ATTEMPTS),
        )
        return with_delivery_state(self.record.headers, state)


def parse_name(text: str) -> Name:
    """Read ``partition:offset`` or a task id.

    Raises:
        CommandError: it is neither.
    """
    partition, colon, offset = text.partition(":")
    if colon and _is_number(partition) and _is_number(offset):
        return Position(int(partition), int(offset))
    try:
        return UUID(text)
    except ValueError:
        error = CommandError(f"{clip(text, SHOWN)!r} names no dead letter: it is no task id and no partition:offset")
        raise hinted(error, "`stillframe dlq list --group G` shows an example of each kind") from None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= LARGEST_NUMBER


def _shown(header: bytes | None) -> str | None:
    return None if header is None else clip(header.decode(errors="replace"), SHOWN)
