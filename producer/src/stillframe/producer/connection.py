"""One librdkafka producer from its making to its end, and the thread that polls it."""

from __future__ import annotations

import ctypes
import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from stillframe.producer.callbacks import LOGGER, ReportThread, on_report_thread
from stillframe.producer.report import Report, delivered, refused_at_once, unknown, unsuccessful
from stillframe.producer.sender import OnReport
from stillframe.producer.settings import build
from stillframe.schemas.record import Record

#: Seconds between two looks at whether to go on, when there is nothing to report.
TURN: Final = 0.1

CLOSED: Final = "the producer was closed before a report came"


class Flush(NamedTuple):
    """Someone who waits until these records are reported."""

    records: frozenset[int]
    done: threading.Event


class Trouble:
    """The client's latest trouble with its connections: often the cause of a later timeout."""

    latest: str | None = None

    def __call__(self, error: KafkaError) -> None:
        # "all brokers are down" says less than the reason that came before it
        if error.code() != KafkaError._ALL_BROKERS_DOWN:
            self.latest = error.str()


class Connection:
    """A producer that one thread, its own, polls and destroys; any thread may hand records over.

    Every record handed over is reported exactly once, whatever happens: whoever takes it out of the
    ledger of unreported records reports it, and taking out is atomic.

    Args:
        config: librdkafka's properties.
        name: of the thread.
        report: called on the thread with a record's callback and its report; must not raise.
        on_broken: called on the thread after a fatal error, once everything is reported.

    Raises:
        SettingsError: librdkafka refuses a property.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        name: str,
        report: Callable[[OnReport, Report], None],
        on_broken: Callable[[], None],
    ) -> None:
        self._report = report
        self._on_broken = on_broken
        self._trouble = Trouble()
        self._unreported: dict[int, tuple[OnReport, str]] = {}
        self._numbers = itertools.count()
        self._flushes: list[Flush] = []
        self._broken: str | None = None
        self._close_at: float | None = None
        callbacks = {"error_cb": self._trouble, "logger": logging.getLogger(f"{LOGGER.name}.librdkafka")}
        producer = build(Producer, {**config, **callbacks})
        self._producer: Producer | None = producer
        self._thread = ReportThread(target=self._run, args=(producer,), name=name, daemon=True)
        self._thread.start()

    @property
    def usable(self) -> bool:
        """Whether records can still be handed over."""
        return self._producer is not None and self._broken is None and self._close_at is None

    def produce(self, record: Record, on_report: OnReport) -> bool:
        """Hand a record over. False if this connection takes no more: it was not handed over.

        Raises:
            SubmitFailed, SubmitRejected: librdkafka did not take it; there will be no report.
        """
        number = next(self._numbers)
        # First register, then look. The thread, when it ends, first says so and then empties the ledger:
        # either it finds this record there, or we find that it has ended.
        self._unreported[number] = (on_report, record.topic)
        producer = self._producer
        if producer is None:
            return self._take(number) is None
        try:
            producer.produce(
                record.topic,
                record.value,
                record.key,
                record.partition,
                on_delivery=partial(self._delivered, number),
                headers=list(record.headers),
            )
        except Exception as error:
            if self._take(number) is None:
                return True
            if not isinstance(error, BufferError | KafkaException):
                raise
            if _is_fatal(error):
                self._break(error)
                return False
            raise refused_at_once(record.topic, error) from None
        return True

    def flush(self, timeout: float) -> int:
        """Wait for the reports of all that was handed over by now; how many are missing after ``timeout``."""
        flush = Flush(frozenset(self._unreported.copy()), threading.Event())
        self._flushes.append(flush)  # as in produce(): first register, then look
        if self._producer is not None and not on_report_thread():
            flush.done.wait(timeout)
        return self._remaining(flush)

    def close(self, timeout: float) -> int:
        """Take no more, wait up to ``timeout`` seconds for reports, give up the rest as unknown.

        Returns:
            how many are unreported still: none, unless a callback holds the thread.
        """
        self._close_at = self._close_at or time.monotonic() + timeout
        if not on_report_thread():
            self._thread.join(timeout + 10 * TURN)
        return len(self._unreported)

    def abandon(self) -> None:
        """Forget the producer without destroying it.

        In a forked child it is a copy of the parent's: its threads do not exist, its sockets are the
        parent's, and destroying it would wait for the ones and talk to the others.
        """
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._producer))

    def _run(self, producer: Producer) -> None:
        try:
            while not self._is_over():
                self._serve_reports(producer, TURN)
                self._answer_flushes()
        finally:
            self._end(producer)

    def _is_over(self) -> bool:
        if self._broken is not None or self._close_at is None:
            return self._broken is not None
        return not self._unreported or time.monotonic() >= self._close_at

    def _end(self, producer: Producer) -> None:
        self._producer = None
        self._serve_reports(producer, 0)  # those that have arrived already are better than "unknown"
        given_up = self._unreported.copy()
        for number in given_up:
            self._settle(number, self._given_up)
        if given_up:
            LOGGER.warning("%d records are of unknown outcome: %s", len(given_up), self._broken or CLOSED)
        producer.purge()
        self._serve_reports(producer, 0)  # not for the reports: librdkafka frees our callbacks with them
        self._answer_flushes()
        if self._close_at is None:
            self._on_broken()

    def _serve_reports(self, producer: Producer, timeout: float) -> None:
        try:
            producer.poll(timeout)
        except (KafkaException, SystemError) as error:  # a fatal error of an idempotent producer
            self._break(error)

    def _break(self, error: Exception) -> None:
        reason = error.args[0].str() if isinstance(error, KafkaException) else error
        self._broken = self._broken or f"fatal error of the client: {reason}"

    def _delivered(self, number: int, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self._trouble.latest = None
            self._settle(number, lambda topic: delivered(topic, message))
        else:
            self._settle(number, lambda topic: unsuccessful(topic, error, self._trouble.latest))

    def _given_up(self, topic: str) -> Report:
        return unknown(topic, self._broken or CLOSED, self._trouble.latest)

    def _settle(self, number: int, report: Callable[[str], Report]) -> None:
        entry = self._take(number)
        if entry is not None:
            on_report, topic = entry
            self._report(on_report, report(topic))

    def _take(self, number: int) -> tuple[OnReport, str] | None:
        """Take a record out of the ledger; None if somebody else has, and has reported it."""
        return self._unreported.pop(number, None)

    def _answer_flushes(self) -> None:
        for flush in self._flushes.copy():
            if not self._remaining(flush):
                self._flushes.remove(flush)
                flush.done.set()

    def _remaining(self, flush: Flush) -> int:
        return sum(number in self._unreported for number in flush.records)


def _is_fatal(error: BufferError | KafkaException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() == KafkaError._FATAL
