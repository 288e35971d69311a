"""Dead letters as an operator sees them: what died, of what, how often. Pure.

Identity and cause are read from headers, so that listing decodes nothing. The headers are untrusted:
what cannot be read is left empty, and nothing read here decides how a task is run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from stillframe.consumer.operate.errors import CommandError, hinted
from stillframe.consumer.operate.foreign import System, read_foreign, redacted_message
from stillframe.consumer.operate.replays import REDRIVEN, Replay, read_replays
from stillframe.schemas import InvalidHeaders, Record
from stillframe.schemas.headers import (
    CE_ID,
    CE_TYPE,
    DELIVERY_HEADERS,
    LATEST_MS,
    DeliveryState,
    clip,
    read_delivery_state,
)

#: Bytes shown of an id or type out of a header.
SHOWN: Final = 128
TRACEPARENT: Final = "traceparent"
UNREADABLE: Final = DeliveryState(error_type="unreadable headers")
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
        task_id: as its headers have it.
        task_type: likewise; of another system's dead letter without one, the topic that it came from.
        system: who wrote it.
        group: the consumer group that it died in, if it says so.
        replays: when it was sent back before, and by whom, as far as its headers still tell.
    """

    record: Record
    died_at: int
    state: DeliveryState
    task_id: str | None
    task_type: str | None
    system: System = System.STILLFRAME
    group: str | None = None
    replays: tuple[Replay, ...] = ()

    @classmethod
    def read(cls, record: Record, died_at: int) -> DeadLetter:
        """Read the headers; nothing in a record can raise here, nor later by what is read of it."""
        # A producer writes there what it likes: a pile that goes on for ever is neither drawn nor told.
        died_at = min(max(0, died_at), LATEST_MS)
        headers = dict(record.headers)  # the last of a name counts
        replays = read_replays(record) if REDRIVEN in headers else ()
        task_id, task_type = _shown(headers.get(CE_ID)), _shown(headers.get(CE_TYPE))
        if headers.keys().isdisjoint(DELIVERY_HEADERS) and (foreign := read_foreign(record)) is not None:
            origin = foreign.state.origin
            task_type = task_type or (None if origin is None else origin.topic)
            return cls(record, died_at, foreign.state, task_id, task_type, foreign.system, foreign.group, replays)
        try:
            state = read_delivery_state(record)
        except InvalidHeaders:
            state = UNREADABLE
        return cls(record, died_at, state, task_id, task_type, replays=replays)

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

    @property
    def trace_id(self) -> str | None:
        """The trace that submitted it: the second part of W3C's ``traceparent``."""
        parts = (_shown(self.record.header(TRACEPARENT)) or "").split("-")
        return parts[1].lower() if len(parts) > 3 else None

    @property
    def error_message(self) -> str | None:
        """A line that quotes nothing of the content: ours was written so, another system's is made so."""
        if self.system is System.STILLFRAME:
            return self.state.error_message
        return redacted_message(self.record, self.system)

    @property
    def is_readable(self) -> bool:
        """Whether its delivery headers are what they should be."""
        return self.state is not UNREADABLE

    @property
    def replayed(self) -> int:
        """How often it was sent back before."""
        return max(self.state.replayed, len(self.replays))

    @property
    def is_copy(self) -> bool:
        """Whether it holds what died: share groups may be told to write only where that lay."""
        return self.system is not System.SHARE_GROUP or self.record.value is not None or self.record.key is not None

    def holding(self, original: Record) -> DeadLetter:
        """The same with what died."""
        headers = (*original.headers, *self.record.headers)
        whole = replace(self.record, key=original.key, value=original.value, headers=headers)
        return replace(self, record=whole, replays=read_replays(whole))


def parse_name(text: str) -> Name:
    """Read ``partition:offset`` or a task id.

    Raises:
        CommandError: it is neither.
    """
    partition, colon, offset = text.partition(":")
    if colon and is_number(partition) and is_number(offset):
        return Position(int(partition), int(offset))
    try:
        return UUID(text)
    except ValueError:
        error = CommandError(f"{clip(text, SHOWN)!r} names no dead letter: it is no task id and no partition:offset")
        raise hinted(error, "`stillframe dlq list --group G` shows an example of each kind") from None


def is_number(text: str) -> bool:
    """Whether it is one that Kafka could have for an offset."""
    return text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= LARGEST_NUMBER


def _shown(header: bytes | None) -> str | None:
    return None if header is None else clip(header.decode(errors="replace"), SHOWN)
