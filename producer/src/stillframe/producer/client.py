"""The way to Kafka, for the producer and for the worker's hand-offs: a connection with a bounded queue."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from contextlib import suppress
from typing import Final

from stillframe.producer.callbacks import call, on_report_thread
from stillframe.producer.connection import Connection
from stillframe.producer.durability import Durability
from stillframe.producer.errors import ProducerClosed, SubmitRejected
from stillframe.producer.properties import producer_properties
from stillframe.producer.report import Report
from stillframe.producer.sender import OnReport
from stillframe.producer.settings import ProducerSettings
from stillframe.producer.slots import Slots
from stillframe.schemas.errors import StillframeError
from stillframe.schemas.record import Record, RecordHeaders

__all__ = ["Client", "OnReport", "Report"]

CLOSED: Final = "the producer is closed: submit before closing it, or make another"


class Client:
    """One Kafka producer: idempotent with acks=all, or with acks=1 for ``SEMI_SYNC``.

    It connects at first use, in the process that uses it: a forked child makes its own connection
    and leaves the parent's alone. After a fatal error of librdkafka it reports what was under way
    as unknown and connects anew. Reports are delivered on a thread of its own.

    Args:
        settings: how large the queue is, how long a record may take, where Kafka is.
        durability: which acknowledgement to ask for.

    Raises:
        SettingsError: a property passed through to librdkafka is refused.
    """

    def __init__(self, settings: ProducerSettings, durability: Durability = Durability.SYNC) -> None:
        self._settings = settings
        self._properties = producer_properties(settings, durability)
        self._name = f"stillframe-reports-{'leader' if durability is Durability.SEMI_SYNC else 'replicas'}"
        self._closed = False
        self._start_afresh()
        CLIENTS.add(self)

    def _start_afresh(self) -> None:
        """Be as if nothing was ever sent: at first, and in a forked child, where the lock may have been
        held by a thread that does not exist there."""
        self._lock = threading.Lock()
        self._slots = Slots(self._settings.queue_size)
        self._connection: Connection | None = None

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: RecordHeaders = (),
        *,
        partition: int = -1,
        timeout: float,
        on_report: OnReport,
    ) -> None:
        """Hand one record over; ``on_report`` is then called exactly once, on the client's own thread.

        A call that raises hands nothing over and will not be reported. The report comes within
        ``delivery_timeout``.

        Args:
            partition: -1 lets the key decide.
            timeout: seconds to wait for a place in the queue; from within ``on_report`` there is no wait.

        Raises:
            SubmitRejected: no place became free in time, or the client is closed (``ProducerClosed``).
            SubmitFailed: librdkafka refused the record at once: unknown topic, too large, not allowed.
            SettingsError: at first use, librdkafka refused a property.
        """
        if not self._slots.acquire(0 if on_report_thread() else timeout):
            raise self._no_place(timeout)
        self._hand_over(Record(topic, key, value, headers, partition), on_report)

    async def asend(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: RecordHeaders = (),
        *,
        partition: int = -1,
        timeout: float,  # noqa: ASYNC109 - the twin of send()
        on_report: OnReport,
    ) -> None:
        """As :meth:`send`; while the queue is full, it holds neither a thread nor the event loop."""
        if not await self._slots.acquire_async(timeout):
            raise self._no_place(timeout)
        self._hand_over(Record(topic, key, value, headers, partition), on_report)

    def connect(self) -> None:
        """Connect now rather than at first use, which saves the first caller half a second.

        Raises:
            SettingsError: librdkafka refuses a property.
            ProducerClosed: the client is closed.
        """
        self._connected()

    def flush(self, timeout: float) -> int:
        """Wait up to ``timeout`` seconds for the reports of everything sent so far; how many are missing."""
        connection = self._connection
        return connection.flush(timeout) if connection else 0

    def close(self, timeout: float) -> int:
        """Send no more, and wait up to ``timeout`` seconds for reports; then the rest are reported unknown.

        Returns:
            how many are unreported still: none, unless a callback blocks.
        """
        with self._lock:
            self._closed = True
            connection = self._connection
        self._slots.close()
        return connection.close(timeout) if connection else 0

    @property
    def healthy(self) -> bool:
        """False from a fatal error of librdkafka until there is a new connection."""
        connection = self._connection
        return connection is None or connection.usable

    def _hand_over(self, record: Record, on_report: OnReport) -> None:
        """With a place in the queue, which the report gives back."""
        try:
            # A connection that breaks in between takes nothing, and the next one is new.
            while not self._connected().produce(record, on_report):
                pass
        except BaseException:
            self._slots.release()
            raise

    def _connected(self) -> Connection:
        connection = self._connection
        if connection is not None and connection.usable:
            return connection
        with self._lock:
            if self._closed:
                raise ProducerClosed(CLOSED)
            if self._connection is None or not self._connection.usable:
                self._connection = Connection(
                    self._properties, name=self._name, report=self._pass_on, on_broken=self._reconnect
                )
            return self._connection

    def _reconnect(self) -> None:
        """At once, not at the next use: a web application that says it is unready gets no next use."""
        with suppress(StillframeError):  # closed meanwhile; or the next caller is told
            self._connected()

    def _pass_on(self, on_report: OnReport, report: Report) -> None:
        self._slots.release()
        call(on_report, report)

    def _no_place(self, timeout: float) -> SubmitRejected:
        if self._closed:
            return ProducerClosed(CLOSED)
        return SubmitRejected(
            f"the local queue of {self._slots.size} tasks stayed full for {timeout:g} s: answer 503; "
            "Kafka is slow or out of reach, or queue_size is too small for this rate"
        )

    def close_at_exit(self, elapsed: float) -> None:
        """Give what was submitted last the chance to arrive, within what is left of ``close_timeout``.

        One that was closed before had its time: with a broker that says nothing librdkafka takes long to end.
        """
        if not self._closed:
            self.close(max(0.0, self._settings.close_timeout - elapsed))

    def forget_parent(self) -> None:
        """In a forked child: let go of what is the parent's."""
        if self._connection is not None:
            self._connection.abandon()
        self._start_afresh()


#: Those that exist in this process; one with a connection is kept alive by its thread.
CLIENTS: Final[weakref.WeakSet[Client]] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    start = time.monotonic()
    for client in list(CLIENTS):
        client.close_at_exit(time.monotonic() - start)


def _forget_parent() -> None:
    for client in list(CLIENTS):
        client.forget_parent()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_forget_parent)
