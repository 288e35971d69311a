"""Sends an operator's records and waits for the broker's report of each. At least once.

A command is one thread that does nothing else, and ends at the first error: it needs none of what the worker's
client has for a long life in many threads, which costs a third of the time that a record takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Final, NamedTuple, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from stillframe.consumer.settings import WorkerSettings
from stillframe.producer.connection import Trouble
from stillframe.producer.durability import Durability
from stillframe.producer.errors import SubmitError, SubmitUnknown
from stillframe.producer.properties import producer_properties
from stillframe.producer.report import delivered, refused_at_once, unsuccessful
from stillframe.producer.settings import build
from stillframe.schemas import Record

#: Seconds for a report beyond the deadline that librdkafka keeps itself.
SPARE_TIME: Final = 10.0
#: Records between two looks at what was reported, and seconds between two while the local queue is full.
LOOK_EVERY: Final = 200
TURN: Final = 0.1
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

    def book(self, label: int, topic: str, trouble: Trouble, error: KafkaError | None, message: Message) -> None:
        """Take in a report."""
        report = delivered(topic, message) if error is None else unsuccessful(topic, error, trouble.latest)
        if report.error is None:
            self.acknowledged.append(label)
        self.error = self.error or report.error


class Courier:
    """An idempotent producer with acks=all for the length of a command; use it as a context.

    Raises:
        SettingsError: librdkafka refuses a property.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        own = settings.handoff_settings()
        own = own.model_copy(update={"kafka": LINGER | own.kafka})
        self._patience = own.delivery_timeout + SPARE_TIME
        self._trouble = Trouble()
        properties = producer_properties(own, Durability.SYNC)
        self._producer = build(Producer, properties | {"error_cb": self._trouble, "log_level": 0})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        with suppress(KafkaException, SystemError):  # send() has told it
            self._producer.flush(SPARE_TIME)

    def send(self, parcels: Iterable[Parcel]) -> Sent:
        """Hand them over in their order, and wait for all reports. After an error no more are handed over."""
        sent = Sent()
        try:
            self._hand_over(parcels, sent)
            missing = self._producer.flush(self._patience)
        except SubmitError as error:
            sent.error = sent.error or error
            missing = self._producer.flush(self._patience)
        except (KafkaException, SystemError) as error:  # a fatal error of an idempotent producer
            sent.error = sent.error or SubmitUnknown(f"fatal error of the client: {error}")
            return sent
        if missing:
            late = f"{missing} reports did not come within {self._patience:g} s: {self._trouble.latest}"
            sent.error = sent.error or SubmitUnknown(late)
        return sent

    def _hand_over(self, parcels: Iterable[Parcel], sent: Sent) -> None:
        for count, (label, record) in enumerate(parcels, start=1):
            self._produce(record, partial(sent.book, label, record.topic, self._trouble))
            if count % LOOK_EVERY == 0:
                self._producer.poll(0)
            if sent.error is not None:
                return

    def _produce(self, record: Record, on_delivery: Callable[[KafkaError | None, Message], None]) -> None:
        """Hand one over, when the local queue has room.

        Raises:
            SubmitError: librdkafka does not take it.
        """
        deadline = time.monotonic() + self._patience
        while True:
            try:
                self._producer.produce(
                    record.topic,
                    record.value,
                    record.key,
                    record.partition,
                    on_delivery=on_delivery,
                    headers=list(record.headers),
                )
            except BufferError as error:
                if time.monotonic() >= deadline:
                    raise refused_at_once(record.topic, error) from None
                self._producer.poll(TURN)
            except KafkaException as error:
                raise refused_at_once(record.topic, error) from None
            else:
                return
