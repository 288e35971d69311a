"""A Kafka record as plain data, and what its arrival at a worker amounts to."""

from __future__ import annotations

from datetime import datetime

from stillframe.schemas.frozen import frozen

#: Header names and values in order; names may repeat.
RecordHeaders = tuple[tuple[str, bytes | None], ...]


@frozen
class Record:
    """Key, value and headers as they lie in a topic; a position once the broker has given one."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: RecordHeaders = ()
    partition: int = -1
    offset: int = -1

    def header(self, name: str) -> bytes | None:
        """The last value of a header, as Kafka's own ``lastHeader`` has it."""
        for key, value in reversed(self.headers):
            if key == name:
                return value
        return None

    def __repr__(self) -> str:
        size = 0 if self.value is None else len(self.value)
        return f"<Record {self.topic}:{self.partition}:{self.offset} of {size} B>"


@frozen
class Delivery:
    """One arrival of a task at a worker.

    Attributes:
        attempt: 1 for the first start of the handler.
        topic: where it was read from; a retry topic after a failure.
        partition: of that topic.
        offset: in that partition.
        first_failed_at: when its first attempt failed, if one has.
    """

    attempt: int
    topic: str
    partition: int
    offset: int
    first_failed_at: datetime | None = None
