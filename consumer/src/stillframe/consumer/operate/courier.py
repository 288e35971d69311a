"""Sends an operator's records and waits for the broker's report of each. At least once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Final, NamedTuple, Self

from stillframe.consumer.operate.errors import CommandError
from stillframe.consumer.settings import WorkerSettings
from stillframe.producer.client import Client, Report
from stillframe.producer.errors import SubmitError
from stillframe.producer.settings import ProducerSettings
from stillframe.schemas import Record

#: Seconds for a place in the client's queue, and for a report beyond the client's own deadline.
SPARE_TIME: Final = 10.0
#: Nobody waits for a single report here: milliseconds in which records gather to fewer, larger requests.
LINGER: Final = {"linger.ms": 5}


class Parcel(NamedTuple):
    """A record for the topic and partition that it names; a partition of -1 lets the key decide.

    Attributes:
        label: what the sender knows it by, such as the offset that it came from.
    """

    label: int
    record: Record


@dataclass(slots=True)
class Sent:
    """What became of some parcels.

    Attributes:
        acknowledged: the labels of those that lie in their topic.
        error: why one does not; of what came after it nothing was handed over.
    """

    acknowledged: list[int] = field(default_factory=list)
    error: SubmitError | None = None


class Courier:
    """A producer for the length of a command; use it as a context."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = _gathering(settings.handoff_settings())
        self._client = Client(self._settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._client.close(SPARE_TIME)

    def send(self, parcels: Iterable[Parcel]) -> Sent:
        """Hand them over in their order, and wait for all reports."""
        reports: SimpleQueue[tuple[int, Report]] = SimpleQueue()
        sent = Sent()
        handed_over = self._hand_over(parcels, reports, sent)
        for _ in range(handed_over):
            label, report = self._next(reports)
            sent.error = sent.error or report.error
            if report.error is None:
                sent.acknowledged.append(label)
        return sent

    def _hand_over(self, parcels: Iterable[Parcel], reports: SimpleQueue[tuple[int, Report]], sent: Sent) -> int:
        """How many; after an error no more, but those before have their reports still to come."""
        count = 0
        try:
            for label, record in parcels:
                self._client.send(
                    record.topic,
                    record.key,
                    record.value,
                    record.headers,
                    partition=record.partition,
                    timeout=SPARE_TIME,
                    on_report=lambda report, label=label: reports.put((label, report)),  # type: ignore[misc]
                )
                count += 1
        except SubmitError as error:
            sent.error = error
        return count

    def _next(self, reports: SimpleQueue[tuple[int, Report]]) -> tuple[int, Report]:
        patience = self._settings.delivery_timeout + SPARE_TIME
        try:
            return reports.get(timeout=patience)
        except Empty:
            raise CommandError(f"no report came within {patience:g} s, though the client owes one") from None


def _gathering(settings: ProducerSettings) -> ProducerSettings:
    return settings.model_copy(update={"kafka": LINGER | settings.kafka})
