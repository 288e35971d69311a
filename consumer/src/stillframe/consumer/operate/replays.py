"""The header that says when a dead letter was sent back, and by whom: one for each time. Pure.

It is no delivery header: it travels on unchanged through every hop, also through a task topic and through
other systems, and nothing but the guard against loops looks at it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from stillframe.schemas import Record
from stillframe.schemas.headers import LATEST_MS, clip
from stillframe.schemas.record import RecordHeaders

#: ``1767355200000 ada@ops-1``: epoch milliseconds, then who and where.
REDRIVEN: Final = "stillframe-redriven"
#: Bytes of who, and headers that are kept: together far below what a dead letter may be larger than its task.
WHO_BYTES: Final = 128
MOST_KEPT: Final = 20


class Replay(NamedTuple):
    """One time that it was sent back.

    Attributes:
        at: epoch milliseconds.
        by: user and host, such as ``ada@ops-1``.
    """

    at: int
    by: str

    @property
    def encoded(self) -> bytes:
        return f"{self.at} {self.by}".encode()

    @classmethod
    def now(cls, at: int, by: str) -> Replay:
        """With a name that has room in the header."""
        return cls(at, clip(by, WHO_BYTES))


def read_replays(record: Record) -> tuple[Replay, ...]:
    """In the order in which they happened; what is none of ours is passed over."""
    found = [_read(value) for name, value in record.headers if name == REDRIVEN]
    return tuple(replay for replay in found if replay is not None)


def with_replay(headers: RecordHeaders, replay: Replay) -> RecordHeaders:
    """With one more, and without the oldest if there are too many."""
    before = [name for name, _ in headers].count(REDRIVEN)
    if before >= MOST_KEPT:
        others = tuple(header for header in headers if header[0] != REDRIVEN)
        headers = others + tuple(header for header in headers if header[0] == REDRIVEN)[1 - MOST_KEPT :]
    return (*headers, (REDRIVEN, replay.encoded))


def _read(value: bytes | None) -> Replay | None:
    at, _, by = (value or b"").decode(errors="replace").partition(" ")
    if not (at.isascii() and at.isdigit() and len(at) <= 15 and int(at) <= LATEST_MS):
        return None
    return Replay.now(int(at), by)
