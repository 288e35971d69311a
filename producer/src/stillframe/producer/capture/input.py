"""The body of a WSGI request, copied while the application reads it, or read ahead for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from stillframe.producer.capture.body import BodyIncomplete, check_size

#: How much is read ahead at a time, in bytes.
BLOCK: Final = 64 * 1024


class InputCopy:
    """Stands between the server's stream and the application, which reads every byte once and in order.

    It holds no more than ``limit`` bytes plus what one read of the application brought. Like the stream
    itself, it serves one thread at a time.

    Args:
        stream: the server's: ``read`` and ``readline`` with or without a size, as PEP 3333 has them.
        limit: the largest body to copy, in bytes.
        declared: the request's Content-Length, if it has one. Nothing is read ahead beyond it: many
            servers would wait there for bytes that never come.
        ends: whether the stream says by itself where the body ends.
        chunked: whether the request has a body although it declares no length.
    """

    def __init__(
        self, stream: Any, limit: int, declared: int | None, *, ends: bool = False, chunked: bool = False
    ) -> None:
        self._stream = stream
        self._limit = limit
        self._declared = declared
        self._unknown_end = declared is None and not ends and chunked
        self._ended = declared is None and not ends and not chunked  # there is no body
        self._size = 0
        self._chunks: list[bytes] = []
        self._ahead = bytearray()

    def read(self, size: int | None = -1, /) -> bytes:
        """The application's: first what was read ahead, then what the server has."""
        wanted = -1 if size is None else size
        ahead = self._take(len(self._ahead) if wanted < 0 else wanted)
        if len(ahead) == wanted or self._complete:
            return ahead
        return ahead + self._copied(self._stream.read(*_rest(wanted, ahead)))

    def readline(self, size: int | None = -1, /) -> bytes:
        """A line of the same with its end, or the first ``size`` bytes of it."""
        wanted = -1 if size is None else size
        line = self._ahead.find(b"\n") + 1 or len(self._ahead)
        ahead = self._take(line if wanted < 0 else min(line, wanted))
        if len(ahead) == wanted or ahead.endswith(b"\n") or self._complete:
            return ahead
        return ahead + self._copied(self._stream.readline(*_rest(wanted, ahead)))

    def readlines(self, hint: int | None = -1, /) -> list[bytes]:
        """Lines of the same, all of them or until they hold ``hint`` bytes."""
        lines: list[bytes] = []
        room = hint if hint and hint > 0 else None
        for line in self:
            lines.append(line)
            if room is not None and (room := room - len(line)) <= 0:
                break
        return lines

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def seekable(self) -> bool:
        """A stream that comes from a client is read once."""
        return False

    def close(self) -> None:
        """The stream is the server's and stays open: a snapshot may still want what is left of it."""

    def copy(self) -> bytes:
        """The whole body, however much of it the application has read so far.

        Raises:
            PayloadTooLarge: it is over the limit; known from Content-Length before anything is read.
            BodyIncomplete: the client disconnected, or nobody tells where the body ends.
        """
        check_size(self._declared or 0, self._limit)
        check_size(self._size, self._limit)
        if self._unknown_end:
            raise BodyIncomplete("the server does not tell where a body without Content-Length ends")
        while not self._complete:
            self._ahead += self._copied(self._read_ahead())
            check_size(self._size, self._limit)
        if self._declared is not None and self._size < self._declared:
            raise BodyIncomplete(f"the client disconnected after {self._size} bytes of the body")
        return b"".join(self._chunks)

    @property
    def _complete(self) -> bool:
        return self._ended or (self._declared is not None and self._size >= self._declared)

    def _read_ahead(self) -> bytes:
        """The next bytes, up to the end of the body or the one that is too many."""
        room = self._limit + 1 if self._declared is None else self._declared
        try:
            return bytes(self._stream.read(min(BLOCK, room - self._size)))
        except OSError as error:
            raise BodyIncomplete(f"the client disconnected after {self._size} bytes of the body") from error

    def _copied(self, data: bytes) -> bytes:
        """What the server gave when it was asked for at least one byte: nothing is the end."""
        self._ended = self._ended or not data
        self._size += len(data)
        if self._size > self._limit:
            self._chunks.clear()
        elif data:
            self._chunks.append(data)
        return data

    def _take(self, size: int) -> bytes:
        taken = bytes(self._ahead[:size])
        del self._ahead[:size]
        return taken


def _rest(wanted: int, had: bytes) -> tuple[int, ...]:
    """The arguments of the server's ``read`` for what is missing: none for all there is."""
    return () if wanted < 0 else (wanted - len(had),)
