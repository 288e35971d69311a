"""The body of an ASGI request, copied while the application reads it, or read ahead for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from stillframe.schemas.errors import PayloadTooLarge, StillframeError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class BodyIncomplete(StillframeError):
    """There is no whole body to freeze: the client went away, or nobody can tell where a chunked one ends."""


class BodyCopy:
    """Stands between the server and the application, which sees every message once and in order.

    It holds no more than ``limit`` bytes plus one message. Like ``receive`` itself, it serves one
    coroutine at a time.

    Args:
        receive: the server's channel.
        limit: the largest body to copy, in bytes.
        declared: the request's Content-Length, if it has one.
    """

    def __init__(self, receive: Receive, limit: int, declared: int | None) -> None:
        self._receive = receive
        self._limit = limit
        self._declared = declared
        self._size = 0
        self._chunks: list[bytes] = []
        self._ahead: deque[Message] = deque()
        self._complete = False

    async def receive(self) -> Message:
        """The application's channel: first what was read ahead, then what the server has."""
        if self._ahead:
            return self._ahead.popleft()
        return self._copied(await self._receive())

    async def read(self) -> bytes:
        """The whole body, however much of it the application has read so far.

        Raises:
            PayloadTooLarge: it is over the limit; known from Content-Length before anything is read.
            BodyIncomplete: the client disconnected.
        """
        check_size(self._declared or 0, self._limit)
        check_size(self._size, self._limit)
        while not self._complete:
            message = self._copied(await self._receive())
            self._ahead.append(message)
            if message["type"] == "http.disconnect":
                raise BodyIncomplete(f"the client disconnected after {self._size} bytes of the body")
            check_size(self._size, self._limit)
        return b"".join(self._chunks)

    def _copied(self, message: Message) -> Message:
        if message["type"] == "http.request":
            chunk = message.get("body", b"")
            self._size += len(chunk)
            if self._size > self._limit:
                self._chunks.clear()
            elif chunk:
                self._chunks.append(chunk)
            self._complete = not message.get("more_body", False)
        return message


def check_size(size: int, limit: int) -> None:
    """Raise PayloadTooLarge if a body of ``size`` bytes, or more, is over the limit."""
    if size > limit:
        raise PayloadTooLarge("request body", size=size, limit=limit)
