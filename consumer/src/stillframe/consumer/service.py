"""A worker's run from start to end: build the stations, serve, drain, leave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from stillframe.consumer.deadlines import LONGEST_LEAVE, Deadlines
from stillframe.consumer.dispatch.attempt import Attempts
from stillframe.consumer.dispatch.circuits import Circuits
from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.elsewhere import InProcesses, OnLoop
from stillframe.consumer.dispatch.executors import Executors, epoch_milliseconds
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.dispatch.processes import ProcessSlot
from stillframe.consumer.errors import CrashedHandler
from stillframe.consumer.events import Event, Events, Warned, WorkerStarted
from stillframe.consumer.executor import Executor
from stillframe.consumer.explain.insight import Insight
from stillframe.consumer.handler import check_place
from stillframe.consumer.health import Health, serve_health
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.intake.batch_size import BatchSize
from stillframe.consumer.intake.client_errors import ClientErrors
from stillframe.consumer.intake.gate import Gate
from stillframe.consumer.intake.log_watch import EVERY, LogWatch
from stillframe.consumer.intake.rebalance import Rebalance
from stillframe.consumer.intake.receive import Receiver
from stillframe.consumer.intake.restart import Restarts
from stillframe.consumer.last_words import LastWords
from stillframe.consumer.listeners.logs import Logs
from stillframe.consumer.listeners.metrics import Metrics
from stillframe.consumer.listeners.traces import Traces
from stillframe.consumer.loop import Loop, Stations
from stillframe.consumer.operate.admission import require_safe_topics
from stillframe.consumer.operate.cluster import quiet
from stillframe.consumer.outcome.dead_letter_limit import DeadLetterLimit
from stillframe.consumer.outcome.end import End
from stillframe.consumer.outcome.handoff import HandOffs
from stillframe.consumer.outcome.settle import Settlement
from stillframe.consumer.progress.commits import Commits
from stillframe.consumer.quarantine.aftermath import confess, noted, noted_async, take_over
from stillframe.consumer.quarantine.companion import Companion
from stillframe.consumer.quarantine.inheritance import inherit
from stillframe.consumer.quarantine.journal import Journal
from stillframe.consumer.signals import listening
from stillframe.producer.client import Client
from stillframe.producer.settings import build, check_transport

if TYPE_CHECKING:
    from stillframe.consumer.worker import Worker

Emit = Callable[[Event], None]


def serve(worker: Worker) -> None:
    """Run a worker to its end; see :meth:`Worker.run`."""
    settings, families = worker.settings, worker.families()
    for handler in worker.handlers:
        check_place(handler)
    health = Health(
        settings.stall_after,
        [handler.timeout for handler in worker.handlers],
        silent_join=settings.group_protocol == "consumer",
    )
    metrics = Metrics(worker.group)
    logs = Logs(worker.group, level=settings.log_level)
    insight = Insight(worker.group, settings.threads)
    emit = Events([logs, metrics, health, insight, *worker.listeners]).emit
    last_words = LastWords(insight, emit)
    if warning := check_transport(settings):
        emit(Warned(warning))
    inheritance = inherit()
    hearing = listening(worker, lambda: logs.explain(insight.facts()), last_words.say)
    with hearing, serve_health(settings, health, metrics, insight) as address:
        if address is not None:
            logs.serving(address)
        partition_counts = require_safe_topics(
            settings, families, warn=lambda text: emit(Warned(text)), stopping=lambda: worker.stopping
        )
        if partition_counts is None:
            return
        companion = Companion(settings, worker.group, emit, stopping=lambda: worker.stopping)
        topics = [name for family in families for name in family.names]
        journal = take_over(
            inheritance,
            companion,
            topics,
            emit,
            rejoin_after=settings.rejoin_after,
            stopping=lambda: worker.stopping,
        )
        with worker.lifespan() as state:
            run = _Run(worker, partition_counts, emit, state, companion, journal)
            run.show(insight)
            try:
                run.serve(last_words)
            finally:
                run.close()


class _Run:
    """The stations of one run, built in the order in which a task passes them."""

    def __init__(
        self,
        worker: Worker,
        partition_counts: Mapping[str, int],
        emit: Emit,
        state: Any,
        companion: Companion,
        journal: Journal | None,
    ) -> None:
        settings = worker.settings
        self._worker = worker
        self._emit = emit
        self._deadlines: Deadlines | None = None
        self._commits = Commits(settings.commit_policy, emit, time.monotonic())
        self._errors = ClientErrors(emit)
        self._consumer = self._make_consumer()
        self._assignment = Assignment(worker.families())
        limit = settings.dead_letter_limit
        self._attempts = Attempts(
            worker,
            emit,
            state=state,
            around=Traces(worker.group),
            limit=None if limit is None else DeadLetterLimit(limit),
        )
        self._executors = self._make_executors(journal)
        self._confess = partial(confess, journal, companion)
        self._client = Client(settings.handoff_settings())
        handoffs = partial(HandOffs, self._client, partition_counts, emit=emit, now=epoch_milliseconds)
        self._settlement = settlement = Settlement(self._executors, self._commits, handoffs)
        self._watch = self._make_watch()
        gate = Gate(self._consumer, self._assignment, settings.limits, emit)
        receiver = Receiver(worker.ordering, worker.retry_order, worker.executors)
        self._loop = Loop(
            Stations(
                self._consumer,
                self._errors,
                self._assignment,
                BatchSize(settings.limits),
                receiver,
                self._executors,
                settlement,
                gate,
                self._commits,
                self._watch,
                Restarts(
                    self._assignment,
                    settlement,
                    self._commits,
                    emit,
                    incremental=settings.assigns_incrementally,
                ),
            ),
            emit,
        )
        self._rebalance = Rebalance(
            self._assignment,
            settlement,
            self._commits,
            companion.marks,
            emit,
            settings,
            stopping=lambda: worker.stopping,
        )

    def _make_executors(self, journal: Journal | None) -> Executors:
        settings = self._worker.settings
        slots = {
            Executor.THREAD: settings.threads,  # also for what has no handler
            Executor.ASYNC: settings.async_concurrency,
            Executor.PROCESS: settings.processes,
        }
        used = {Executor.THREAD, *self._worker.executors.values()}
        desk = Desk(
            {executor: slots[executor] for executor in used},
            Lease(settings.session_timeout / 2),
            memory_wait=round(settings.memory_wait * 1_000),
            circuits=Circuits(self._worker.breakers, self._worker.topic_of),
        )
        on_loop = OnLoop(self._attempts.event_loop, noted_async(self._attempts.run_async, journal))
        places = [handler.place for handler in self._worker.handlers if handler.place is not None]
        in_processes = InProcesses(partial(ProcessSlot, places), partial(self._run_in_process, journal))
        return Executors(
            desk,
            noted(self._attempts.run, journal),
            on_loop=on_loop,
            in_processes=in_processes if places else None,
        )

    def _run_in_process(self, journal: Journal | None, arrival: Arrival, slot: ProcessSlot) -> End:
        return noted(lambda each: self._attempts.run_in_process(each, slot), journal)(arrival)

    def show(self, insight: Insight) -> None:
        """Let it look at the stations."""
        insight.attach(self._assignment, self._settlement, self._executors)

    def serve(self, last_words: LastWords) -> None:
        """Poll until told to stop, then drain.

        Raises:
            FatalClientError: at once, without a drain: the client cannot commit any more.
            CrashedHandler, StuckHandlers: after the drain.
        """
        self._client.connect()  # the half second that it takes is one that a stop does not have
        self._loop.subscribe(self._rebalance)
        self._emit(WorkerStarted(self._worker.group, tuple(self._assignment.topics)))
        while not self._worker.stopping and self._executors.crashed is None:
            self._loop.turn()
        crashed = self._executors.crashed
        asked = self._worker.asked_to_stop_at
        self._deadlines = Deadlines(time.monotonic() if asked is None else asked, self._worker.settings.grace)
        self._rebalance.drained = self._deadlines.drained
        reason = "asked to stop" if crashed is None else str(crashed)
        self._loop.drain(reason, self._deadlines, last_words)
        if self._executors.crashed is not None:  # perhaps only during the drain
            if isinstance(self._executors.crashed, CrashedHandler):
                self._confess()
            raise self._executors.crashed

    def close(self) -> None:
        """Leave the group and let executors go, each step bounded."""
        self._executors.close()
        self._attempts.close()
        self._watch.close()
        # Both can hang when the broker is gone. Of what the producer still holds nothing is waited for: it
        # belongs to offsets that were not committed.
        now = time.monotonic()
        until = now + LONGEST_LEAVE if self._deadlines is None else self._deadlines.left(now)
        closing = [
            threading.Thread(target=self._consumer.close, name="stillframe-close", daemon=True),
            threading.Thread(target=self._client.close, args=(0.0,), name="stillframe-close-handoffs", daemon=True),
        ]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join(max(0.0, until - time.monotonic()))

    def _make_watch(self) -> LogWatch:
        settings = self._worker.settings
        admin = build(AdminClient, quiet(settings))
        return LogWatch(admin, self._assignment, self._emit, every=min(EVERY, settings.stall_after / 4))

    def _make_consumer(self) -> Consumer:
        properties = self._worker.settings.consumer_properties(self._worker.group)
        callbacks = {"error_cb": self._errors, "on_commit": self._commits.acknowledged}
        return build(Consumer, properties | callbacks)
