"""The way from one worker to its brokers, which can be cut."""

import asyncio
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Self

from tests.kafka.ports import LOOPBACK

CHUNK = 64 * 1024

#: Where a client connects, and where it is led to.
Route = tuple[int, int]


class Proxy:
    """Forwards TCP connections, in a thread of its own.

    While it is cut no byte passes, in no direction, and no connection ends: so a network partition looks from
    both sides. What was on its way arrives when it is healed, late, as TCP would deliver it.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = tuple(routes)
        self.held = 0
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._open.set()
        self._answers = asyncio.Event()
        self._answers.set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chaos-proxy", daemon=True)

    def cut(self) -> None:
        """Let nothing pass from now on."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def heal(self) -> None:
        """Let everything pass again, what is held first."""
        self._loop.call_soon_threadsafe(self._open.set)

    def hold_answers(self) -> None:
        """Let nothing come back from the brokers until `release_answers`; what is asked still reaches them."""
        self._loop.call_soon_threadsafe(self._answers.clear)

    def release_answers(self) -> None:
        """Let the brokers' answers pass again, what is held first."""
        self._loop.call_soon_threadsafe(self._answers.set)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> None:
        self._servers = [
            await asyncio.start_server(partial(self._lead, to), LOOPBACK, port) for port, to in self._routes
        ]

    async def _hang_up(self) -> None:
        for server in self._servers:
            server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _lead(self, to: int, reader: StreamReader, writer: StreamWriter) -> None:
        await self._open.wait()
        try:
            broker = await asyncio.open_connection(LOOPBACK, to)
        except OSError:
            writer.close()  # as the broker's own port would: nobody is there
            return
        for source, sink, gates in (
            (reader, broker[1], (self._open,)),
            (broker[0], writer, (self._open, self._answers)),
        ):
            pump = self._loop.create_task(self._pump(source, sink, gates))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: StreamReader, sink: StreamWriter, gates: Iterable[asyncio.Event]) -> None:
        try:
            with suppress(OSError):  # either end may die
                while data := await source.read(CHUNK):
                    self.held += not all(gate.is_set() for gate in gates)
                    for gate in gates:
                        await gate.wait()
                    sink.write(data)
                    await sink.drain()
        finally:
            sink.close()
