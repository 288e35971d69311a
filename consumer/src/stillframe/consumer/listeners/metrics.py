"""Metrics: what Prometheus scrapes of a worker."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter as Tally
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from stillframe.consumer.events import (
    AttemptEnded,
    AttemptStarted,
    AttemptTimedOut,
    CircuitBreakerChanged,
    ClientTrouble,
    CommitFailed,
    Committed,
    CrashFound,
    DeadLettersResumed,
    DeadLettersStopped,
    Event,
    EventLoopBlocked,
    HandedOff,
    HandlerCrashed,
    HandOffFailed,
    HearsAttempts,
    LogsMeasured,
    PartitionsAssigned,
    PartitionsLost,
    PartitionsRevoked,
    SuspectIsolated,
    TaskCondemned,
    Turned,
)
from stillframe.consumer.listeners import metric_names as names
from stillframe.consumer.listeners.metric_names import Metric
from stillframe.consumer.listeners.readings import Readings
from stillframe.consumer.outcome.breaker import State
from stillframe.consumer.outcome.end import Dead, Done, End, Retry, Skipped

#: Seconds; a handler may send a mail or encode a film.
BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600)
#: The same as the exposition writes them, and one for all that took longer.
BOUNDS = (*(str(float(each)) for each in BUCKETS), "+Inf")


class Circuits:
    """Circuit breakers, and dead letters that are not written, by task type. Threads meet here: it is copied at once.

    Args:
        opened: counts how often breakers have opened.
    """

    def __init__(self, opened: Counter) -> None:
        self._opened = opened
        self.states: dict[str, State] = {}
        self.stopped: dict[str, bool] = {}

    def observe(self, event: CircuitBreakerChanged | DeadLettersStopped | DeadLettersResumed) -> None:
        if not isinstance(event, CircuitBreakerChanged):
            self.stopped[event.task_type] = isinstance(event, DeadLettersStopped)
            return
        self.states[event.task_type] = event.state
        if event.state is State.OPEN:
            self._opened.labels(event.task_type).inc()


class _Attempts(Collector):
    """Ends of attempts: kept by the threads that make them, and counted together, with each turn and before a scrape.

    To count each by itself is a dozen calls, and was a tenth of what a task that does nothing costs (measured).

    Attributes:
        keep: takes in one end; from any thread.
    """

    def __init__(self) -> None:
        self._kept: deque[AttemptEnded] = deque()
        self.keep = self._kept.append
        self._lock = threading.Lock()  # the poll thread and a scrape
        self._ends: Tally[tuple[str, str]] = Tally()
        #: By task type: how many took at most as long as each of the buckets, and longer than the one before.
        self._took: dict[str, list[int]] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def count(self) -> None:
        """Count what has been kept."""
        with self._lock:
            kept = self._kept
            while kept:
                self._count(kept.popleft())

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        self.count()
        attempts, handlers = self.describe()
        with self._lock:
            for labels, count in self._ends.items():
                attempts.add_metric(labels, count)
            for task_type, took in self._took.items():
                buckets = list(zip(BOUNDS, accumulate(took), strict=True))
                handlers.add_metric((task_type,), buckets, self._seconds[task_type])
        yield from (attempts, handlers)

    def describe(self) -> tuple[CounterMetricFamily, HistogramMetricFamily]:
        """Without samples: so the registry knows the names, by which a scrape may choose."""
        counted, timed = names.ATTEMPTS, names.HANDLER_SECONDS
        return (
            CounterMetricFamily(counted.name, counted.help, labels=counted.labels),
            HistogramMetricFamily(timed.name, timed.help, labels=timed.labels),
        )

    def _count(self, ended: AttemptEnded) -> None:
        task_type, seconds = ended.task_type, ended.seconds
        self._ends[task_type or names.UNDECODABLE, _outcome(ended.end)] += 1
        if not seconds:  # only a handler that was called took its time
            return
        took = self._took.get(task_type)
        if took is None:
            took = self._took[task_type] = [0] * len(BOUNDS)
        took[bisect_left(BUCKETS, seconds)] += 1
        self._seconds[task_type] += seconds


class Metrics(HearsAttempts):
    """A listener that counts, with a registry of its own; the names are in :mod:`.metric_names`.

    Attributes:
        registry: what ``/metrics`` shows.
    """

    def __init__(self, group: str) -> None:
        self.registry = CollectorRegistry()
        self._ends = _Attempts()
        self.registry.register(self._ends)
        self.of_attempts = {AttemptStarted: None, AttemptEnded: self._ends.keep}
        self._by_topic: dict[type, Counter] = {
            AttemptTimedOut: self._counter(names.TIMEOUTS),
            HandlerCrashed: self._counter(names.CRASHES),
            SuspectIsolated: self._counter(names.SUSPECTS),
            TaskCondemned: self._counter(names.CONDEMNED),
        }
        self._by_itself: dict[type, Counter] = {
            EventLoopBlocked: self._counter(names.LOOP_BLOCKS),
            Committed: self._counter(names.COMMITS),
            CommitFailed: self._counter(names.COMMIT_FAILURES),
            ClientTrouble: self._counter(names.CLIENT_TROUBLES),
        }
        self._process_crashes = self._counter(names.PROCESS_CRASHES)
        self._handoffs = self._counter(names.HANDOFFS)
        self._handoff_failures = self._counter(names.HANDOFF_FAILURES)
        self._dead_letters = self._counter(names.DEAD_LETTERS)
        self._circuits = Circuits(self._counter(names.CIRCUIT_OPENED))
        self._rebalances = self._counter(names.REBALANCES)
        self._readings = Readings()
        self.registry.register(_Gauges(group, self._readings, self._circuits))

    def __call__(self, event: Event) -> None:
        match event:
            case AttemptEnded():
                self._ends.keep(event)
            case Turned():
                self._ends.count()
                self._readings.take(event, time.monotonic())
            case HandedOff(arrival, topic, end):
                self._handoffs.labels(topic).inc()
                if isinstance(end, Dead):
                    self._dead_letters.labels(arrival.partition.family.topic).inc()
            case PartitionsAssigned() | PartitionsRevoked() | PartitionsLost():
                self._rebalanced(event)
            case _:
                self._count(event)

    def _rebalanced(self, event: PartitionsAssigned | PartitionsRevoked | PartitionsLost) -> None:
        match event:
            case PartitionsAssigned():
                self._rebalances.labels("assigned").inc()
            case PartitionsRevoked(partitions) | PartitionsLost(partitions):
                self._readings.forget(partitions)
                self._rebalances.labels("lost" if isinstance(event, PartitionsLost) else "revoked").inc()

    def _count(self, event: Event) -> None:
        match event:
            case LogsMeasured(logs):
                self._readings.measure(logs)
            case (
                AttemptTimedOut(arrival) | HandlerCrashed(arrival) | SuspectIsolated(arrival) | TaskCondemned(arrival)
            ):
                self._by_topic[type(event)].labels(arrival.partition.family.topic).inc()
            case CrashFound(_, crashes):
                self._process_crashes.inc(crashes)
            case CircuitBreakerChanged() | DeadLettersStopped() | DeadLettersResumed():
                self._circuits.observe(event)
            case HandOffFailed(_, topic):
                self._handoff_failures.labels(topic).inc()
            case _:
                if (counter := self._by_itself.get(type(event))) is not None:
                    counter.inc()

    def _counter(self, metric: Metric) -> Counter:
        return Counter(*metric, registry=self.registry)


def _outcome(end: End) -> str:
    match end:
        case Done():
            return "done"
        case Retry(_, failure):
            return "deferred" if failure is None else "retry"
        case Dead():
            return "dead"
        case Skipped():
            return "skipped"


class _Gauges(Collector):
    """Gauges made at the scrape from the last readings: a partition that has left leaves no series behind."""

    def __init__(self, group: str, readings: Readings, circuits: Circuits) -> None:
        self._build = (version("stillframe-consumer"), group)
        self._readings = readings
        self._circuits = circuits

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._of_the_turn()
        yield from self._of_task_types()
        yield from self._of_partitions()

    def _of_the_turn(self) -> Iterator[GaugeMetricFamily]:
        turn, turned = self._readings.turn, self._readings.turned
        yield _gauge(names.BUILD_INFO, {self._build: 1})
        yield _gauge(names.RUNNING, {(): turn.running})
        yield _gauge(names.STUCK, {(): turn.stuck})
        yield _gauge(names.QUEUED, {(): turn.queued})
        yield _gauge(names.WAITING, {(): turn.waiting})
        yield _gauge(names.HELD_BACK, {(): turn.held_back})
        yield _gauge(names.TURN_AGE, {} if turned is None else {(): time.monotonic() - turned})

    def _of_task_types(self) -> Iterator[GaugeMetricFamily]:
        # Copies: the poll thread may add a type meanwhile.
        states, stopped = self._circuits.states.copy().items(), self._circuits.stopped.copy().items()
        yield _gauge(
            names.CIRCUIT, {(name, each.value): int(each is state) for name, state in states for each in State}
        )
        yield _gauge(names.DEAD_LETTERS_STOPPED, {(name,): int(each) for name, each in stopped})

    def _of_partitions(self) -> Iterator[GaugeMetricFamily]:
        now, partitions = time.monotonic(), self._readings.partitions
        committed = [(each.labels, each.committed) for each in partitions if each.committed is not None]
        lags = [(each.labels, each.lag) for each in partitions if each.lag is not None]
        yield _gauge(names.UNFINISHED, {each.labels: each.unfinished for each in partitions})
        yield _gauge(names.FRONTIER, {each.labels: each.frontier for each in partitions})
        yield _gauge(names.COMMITTED, dict(committed))
        yield _gauge(names.LAG, dict(lags))
        yield _gauge(names.HELD_LAG, {each.labels: each.held_lag for each in partitions})
        yield _gauge(names.OLDEST_UNFINISHED, {each.labels: each.oldest_age(now) for each in partitions})
        yield _gauge(names.STOPPED, {each.labels: int(each.stopped) for each in partitions})
        yield _gauge(names.PAUSED, Tally((each.paused,) for each in partitions if each.paused is not None))


def _gauge(metric: Metric, values: Mapping[tuple[str, ...], float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family
