"""What a producer needs of its way to Kafka, be it a real one or a recorder in tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from stillframe.producer.report import Report
from stillframe.schemas.record import RecordHeaders

OnReport = Callable[[Report], object]


class Sender(Protocol):
    """Takes records and reports on each of them once: see :class:`~stillframe.producer.client.Client`."""

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: RecordHeaders = (),
        *,
        timeout: float,
        on_report: OnReport,
    ) -> None: ...

    async def asend(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: RecordHeaders = (),
        *,
        timeout: float,  # noqa: ASYNC109 - the twin of send()
        on_report: OnReport,
    ) -> None: ...

    def connect(self) -> None: ...

    def flush(self, timeout: float) -> int: ...

    def close(self, timeout: float) -> int: ...

    @property
    def healthy(self) -> bool: ...
