"""The producer: what a web application submits tasks with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, Unpack, cast

from stillframe.producer.batch import Batch
from stillframe.producer.callbacks import LOGGER
from stillframe.producer.client import Client
from stillframe.producer.durability import Durability
from stillframe.producer.patience import Patience
from stillframe.producer.prepared import Prepared
from stillframe.producer.receipt import Receipt
from stillframe.producer.sender import Sender
from stillframe.producer.sending import Sending
from stillframe.producer.settings import ProducerSettings, check_transport
from stillframe.producer.submission import ManyOptions, Submission, SubmitOptions, check_options, prepare
from stillframe.schemas.errors import StillframeError
from stillframe.schemas.task_type import P, TaskType


class Producer:
    """Submits tasks to Kafka: from any thread, from event loops, before and after a fork.

    Making one does no I/O. It connects when a ``with`` block is entered, else at first use, and anew
    in a forked child. It has two Kafka clients: ``SYNC`` and ``ASYNC`` share an idempotent one with
    acks=all, ``SEMI_SYNC`` has one with acks=1.

    No call waits for ever: one that submits waits ``queue_timeout`` for a place in the local queue and
    ``delivery_timeout`` for the report, or ``timeout=`` for both together.

    Args:
        settings: by default read from ``STILLFRAME_*`` variables and the settings file.
        on_report: called with each receipt once its outcome is known. It runs on the thread that
            delivers all reports: do little there, and wait for nothing.

    Raises:
        SettingsError: a setting is wrong or refused, or ``require_tls`` is not met.
    """

    def __init__(
        self,
        settings: ProducerSettings | None = None,
        *,
        on_report: Callable[[Receipt], object] | None = None,
    ) -> None:
        self.settings = settings or ProducerSettings()
        self._on_report = on_report
        if warning := check_transport(self.settings):
            LOGGER.warning(warning)
        replicas, leader = self._client(Durability.SYNC), self._client(Durability.SEMI_SYNC)
        self._clients = {
            Durability.SYNC: replicas,
            Durability.ASYNC: replicas,
            Durability.SEMI_SYNC: leader,
        }

    def submit(self, task_type: TaskType[P], payload: P, **options: Unpack[SubmitOptions]) -> Receipt:
        """Submit one task; with ``SYNC`` and ``SEMI_SYNC``, return once it is acknowledged.

        Args:
            task_type: what is to be done.
            payload: an instance of the type's model.
            options: see :class:`~stillframe.producer.submission.SubmitOptions`.

        Raises:
            PayloadTooLarge: the task exceeds ``max_task_bytes``; answer 413.
            EncodeError: the payload or an option is not what it must be; nothing was sent.
            SubmitRejected: the local queue stayed full, or the producer is closed; answer 503.
            SubmitFailed: Kafka refused the task.
            SubmitUnknown: no report came in time; the task may still arrive.
        """
        return self.prepare(task_type, payload, **options).submit()

    async def asubmit(self, task_type: TaskType[P], payload: P, **options: Unpack[SubmitOptions]) -> Receipt:
        """As :meth:`submit`, for a coroutine: it waits without holding a thread or the event loop.

        Cancelling it while it waits for a place sends nothing; later, the task is on its way and stays so.
        """
        return await self.prepare(task_type, payload, **options).asubmit()

    def prepare(self, task_type: TaskType[P], payload: P, **options: Unpack[SubmitOptions]) -> Prepared:
        """Check and encode one task now, to submit it later: after a database has committed, say.

        The task is as old as this call, and what becomes of the payload afterwards does not change it.

        Raises:
            PayloadTooLarge, EncodeError: as of :meth:`submit`.
        """
        check_options(options, SubmitOptions)
        submission = self._prepare(task_type, payload, options)
        return Prepared(
            submission.task_id,
            send=lambda: self._send(submission, *self._terms(options)),
            asend=lambda: self._asend(submission, *self._terms(options)),
        )

    def submit_many(
        self, task_type: TaskType[P], payloads: Iterable[P], **options: Unpack[ManyOptions]
    ) -> list[Receipt]:
        """Submit a task for each payload: hand all over, then wait once. Receipts are in their order.

        All payloads are checked and encoded before the first is sent.

        Raises:
            EncodeError, PayloadTooLarge: as of :meth:`submit`; a note names the payload. Nothing was sent.
            SubmitIncomplete: some tasks were not acknowledged; it holds the error of each of these and
                the receipts of the others. After one that was rejected, no later one was tried.
        """
        batch = Batch(self._prepare_many(task_type, payloads, options))
        durability, patience = self._terms(options)
        for index, submission in batch.to_send():
            with batch.errors_of(index):
                batch.receipts[index] = self._send(submission, durability, patience)
        for index, receipt in batch.to_await() if durability.waits else ():
            with batch.errors_of(index):
                receipt.result()
        return batch.result()

    async def asubmit_many(
        self, task_type: TaskType[P], payloads: Iterable[P], **options: Unpack[ManyOptions]
    ) -> list[Receipt]:
        """As :meth:`submit_many`, for a coroutine. Cancelling it leaves what was handed over on its way."""
        batch = Batch(self._prepare_many(task_type, payloads, options))
        durability, patience = self._terms(options)
        for index, submission in batch.to_send():
            with batch.errors_of(index):
                batch.receipts[index] = await self._asend(submission, durability, patience)
        for index, receipt in batch.to_await() if durability.waits else ():
            with batch.errors_of(index):
                await receipt
        return batch.result()

    def flush(self, timeout: float | None = None) -> int:
        """Wait for the reports of everything submitted so far, with any durability.

        Args:
            timeout: seconds; by default ``delivery_timeout``.

        Returns:
            how many tasks are still unreported: 0 if all went well or ill in time.
        """
        limit = self.settings.delivery_timeout if timeout is None else timeout
        return self._each_client(lambda client, left: client.flush(left), limit)

    async def aflush(self, timeout: float | None = None) -> int:  # noqa: ASYNC109 - the twin of flush()
        """As :meth:`flush`, for a coroutine."""
        return await asyncio.to_thread(self.flush, timeout)

    def close(self, timeout: float | None = None) -> None:
        """Take no more tasks, wait for the outstanding reports, and end the Kafka clients.

        What is unreported by then gets ``SubmitUnknown``. It also happens by itself at interpreter
        exit. A closed producer stays closed; closing it again does nothing.

        Args:
            timeout: seconds; by default ``close_timeout``.
        """
        limit = self.settings.close_timeout if timeout is None else timeout
        self._each_client(lambda client, left: client.close(left), limit)

    async def aclose(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the twin of close()
        """As :meth:`close`, for a coroutine."""
        await asyncio.to_thread(self.close, timeout)

    @property
    def healthy(self) -> bool:
        """False while a Kafka client is broken beyond repair and not yet replaced: for readiness probes."""
        return all(client.healthy for client in self._clients.values())

    def __enter__(self) -> Self:
        self._clients[self.settings.durability].connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.__enter__)  # reading certificates may take a while
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    def _client(self, durability: Durability) -> Sender:
        return Client(self.settings, durability)

    def _prepare(self, task_type: TaskType[P], payload: P, options: SubmitOptions) -> Submission[P]:
        return prepare(task_type, payload, options, settings=self.settings, now=datetime.now(UTC))

    def _prepare_many(
        self, task_type: TaskType[P], payloads: Iterable[P], options: ManyOptions
    ) -> list[Submission[P]]:
        check_options(options, ManyOptions)
        submissions: list[Submission[P]] = []
        for payload in payloads:
            try:
                submissions.append(self._prepare(task_type, payload, cast("SubmitOptions", options)))
            except StillframeError as error:
                error.add_note(f"it is payload {len(submissions)} of submit_many; nothing was sent")
                raise
        return submissions

    def _terms(self, options: ManyOptions) -> tuple[Durability, Patience]:
        durability = options.get("durability") or self.settings.durability
        return durability, Patience(self.settings, options.get("timeout"))

    def _send(self, submission: Submission[Any], durability: Durability, patience: Patience) -> Receipt:
        with self._sending(submission, durability, patience) as sending:
            self._clients[durability].send(
                submission.topic,
                submission.wire.key,
                submission.wire.value,
                sending.headers,
                timeout=patience.for_place(),
                on_report=sending.report,
            )
        return sending.receipt

    async def _asend(self, submission: Submission[Any], durability: Durability, patience: Patience) -> Receipt:
        with self._sending(submission, durability, patience) as sending:
            await self._clients[durability].asend(
                submission.topic,
                submission.wire.key,
                submission.wire.value,
                sending.headers,
                timeout=patience.for_place(),
                on_report=sending.report,
            )
        return sending.receipt

    def _sending(self, submission: Submission[Any], durability: Durability, patience: Patience) -> Sending:
        sending = Sending(
            submission,
            durability,
            wait_at_most=patience.for_report(),
            client_id=self.settings.service,
        )
        if self._on_report is not None:
            sending.receipt.add_done_callback(self._on_report)
        return sending

    def _each_client(self, end: Callable[[Sender, float], int], seconds: float) -> int:
        """Both clients, one after the other, within one limit."""
        deadline = time.monotonic() + seconds
        return sum(end(client, max(0.0, deadline - time.monotonic())) for client in set(self._clients.values()))
