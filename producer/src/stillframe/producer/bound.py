"""Submitting for one request: every task carries the request's snapshot, without passing it by hand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Unpack

from stillframe.producer.prepared import Prepared
from stillframe.producer.producer import Producer
from stillframe.producer.receipt import Receipt
from stillframe.producer.submission import ManyOptions, SubmitOptions
from stillframe.schemas.snapshot import Snapshot
from stillframe.schemas.task_type import P, TaskType


class ForRequest(ABC):
    """The methods of :class:`~stillframe.producer.Producer` that submit, with ``snapshot=`` already given.

    A ``snapshot`` among the options, ``None`` too, takes its place.
    """

    @property
    @abstractmethod
    def producer(self) -> Producer:
        """The application's producer."""

    @property
    @abstractmethod
    def snapshot(self) -> Snapshot:
        """The request's snapshot."""

    def submit(self, task_type: TaskType[P], payload: P, **options: Unpack[SubmitOptions]) -> Receipt:
        """As :meth:`Producer.submit <stillframe.producer.Producer.submit>`."""
        self._add_snapshot(options)
        return self.producer.submit(task_type, payload, **options)

    async def asubmit(self, task_type: TaskType[P], payload: P, **options: Unpack[SubmitOptions]) -> Receipt:
        """As :meth:`submit`, for a coroutine."""
        self._add_snapshot(options)
        return await self.producer.asubmit(task_type, payload, **options)

    def submit_many(
        self, task_type: TaskType[P], payloads: Iterable[P], **options: Unpack[ManyOptions]
    ) -> list[Receipt]:
        """As :meth:`Producer.submit_many <stillframe.producer.Producer.submit_many>`."""
        self._add_snapshot(options)
        return self.producer.submit_many(task_type, payloads, **options)

    async def asubmit_many(
        self, task_type: TaskType[P], payloads: Iterable[P], **options: Unpack[ManyOptions]
    ) -> list[Receipt]:
        """As :meth:`submit_many`, for a coroutine."""
        self._add_snapshot(options)
        return await self.producer.asubmit_many(task_type, payloads, **options)

    def prepare(self, task_type: TaskType[P], payload: P, **options: Unpack[SubmitOptions]) -> Prepared:
        """As :meth:`Producer.prepare <stillframe.producer.Producer.prepare>`: the request is frozen now."""
        self._add_snapshot(options)
        return self.producer.prepare(task_type, payload, **options)

    def _add_snapshot(self, options: ManyOptions) -> None:
        if "snapshot" not in options:
            options["snapshot"] = self.snapshot


class BoundProducer(ForRequest):
    """A producer and one request's snapshot, together for as long as the request lasts."""

    def __init__(self, producer: Producer, snapshot: Snapshot) -> None:
        self._producer = producer
        self._snapshot = snapshot

    @property
    def producer(self) -> Producer:
        return self._producer

    @property
    def snapshot(self) -> Snapshot:
        return self._snapshot
